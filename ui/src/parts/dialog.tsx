// dialog.tsx - a question to a person. The browser's own: it holds the focus and closes by Escape.
import {t} from '../i18n';
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

// The end of a question: what stands in the way, what went wrong, and two buttons, of which the first
// does nothing and has the focus.
export function Choice({changed, why, error, off, busy, keep, button, mark, onSend, onClose}: {changed?: string; why?: string; error: string; off?: boolean; busy: boolean;
    keep?: string; button: string; mark: Record<string, string>; onSend: () => void; onClose: () => void}) {
  const alert = (text: string | undefined) => text && <p class="problem" role="alert">{text}</p>;
  return <>{alert(changed)}{why && <p class="problem">{why}</p>}{alert(error)}
    <div class="buttons">
      <button data-first onClick={onClose}>{keep ?? t('cancel')}</button>
      <button class="primary" {...mark} disabled={busy || off || !!changed || !!why} onClick={onSend}>{busy ? t('sending') : button}</button>
    </div></>;
}
