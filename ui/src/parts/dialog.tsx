// dialog.tsx - a question to a person. The browser's own: it holds the focus and closes by Escape.
import type {ComponentChildren} from 'preact';
import {useEffect, useRef} from 'preact/hooks';

export function Dialog({title, onClose, children}:
    {title: string; onClose: () => void; children: ComponentChildren}) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const dialog = ref.current!;
    dialog.showModal();
    (dialog.querySelector<HTMLElement>('[data-first]') ?? dialog).focus();
    return () => {
      dialog.close();
      before?.focus?.();
    };
  }, []);
  return <dialog ref={ref} aria-label={title} onCancel={(e) => {
    e.preventDefault();
    onClose();
  }}>
    <h2>{title}</h2>
    {children}
  </dialog>;
}
