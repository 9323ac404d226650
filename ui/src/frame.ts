// frame.ts - what can wait until the first view stands.
const silentMs = 1000;  // a tab that is hidden paints nothing, and nothing shall wait for that

// Calls `then` once, when the frame that is drawn next is on the screen: behind the one after it.
export function afterPaint(then: () => void): void {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    then();
  };
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(once)));
  setTimeout(once, document.hidden ? 0 : silentMs);
}
