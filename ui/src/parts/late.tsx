// late.tsx - parts of the page that are fetched when they are first wanted.
import {useEffect, useState} from 'preact/hooks';

// `load` is an import(), which asks the server once and not again when it has the answer.
export function useLate<T>(load: () => Promise<T>, wanted: boolean) {
  const [it, put] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [round, again] = useState(0);
  useEffect(() => {
    if (!wanted || it) return;
    let gone = false;
    load().then((got) => gone || (put(() => got), setError(null)), (failed) => gone || setError(failed));
    return () => void (gone = true);
  }, [wanted, round]);
  return {it, error, again: () => again((n) => n + 1)};
}
