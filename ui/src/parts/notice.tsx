// notice.tsx - the states that are not normal: empty, loading, failed.
import {ApiError} from '../api';
import {t} from '../i18n';
import {useEffect, useState} from 'preact/hooks';

export const errorText = (error: unknown): string =>
  error instanceof ApiError
    ? error.status === 0 ? t('error.offline')
      : `${error.message}${error.id ? ` (${error.id})` : ''}`
    : String(error);

export function Failed({error, again}: {error: unknown; again?: () => void}) {
  return <div class="failed" role="alert">
    <p>{errorText(error)}</p>
    {again && <button onClick={again}>{t('again')}</button>}
  </div>;
}

export const Empty = ({children}: {children: preact.ComponentChildren}) => <p class="empty">{children}</p>;

// Says nothing for the first 300 ms.
export function Loading({what}: {what: string}) {
  const [shown, show] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => show(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return shown ? <p class="loading" role="status">{what}</p> : <p class="loading" />;
}

// One question at a time: a newer one makes the older one void.
export function useAsk<T>(question: (signal: AbortSignal) => Promise<T>, deps: unknown[]) {
  const [answer, put] = useState<{value: T | null; error: unknown; loading: boolean}>(
    {value: null, error: null, loading: true});
  const [round, again] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    put((old) => ({...old, loading: true}));
    question(stop.signal).then(
      (value) => stop.signal.aborted || put({value, error: null, loading: false}),
      (error) => stop.signal.aborted || put((old) => ({...old, error, loading: false})));
    return () => stop.abort();
  }, [...deps, round]);
  return {...answer, again: () => again((n) => n + 1)};
}
