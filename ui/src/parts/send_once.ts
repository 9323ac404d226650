// send_once.ts - what a dialog sends: once, however often its button is pressed, and never while the
// connection is lost (T24).
import {store} from '../store';
import {errorText} from './notice';
import {useRef, useState} from 'preact/hooks';

export function useSendOnce() {
  const sending = useRef(false);  // at once, where `busy` waits for the next drawing
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const sendOnce = async (act: () => Promise<void>, onError?: () => void) => {
    if (sending.current || store.offline) return;
    sending.current = true;
    setBusy(true);
    try {
      await act();  // it closes the dialog
    } catch (failed) {
      setError(errorText(failed));
      setBusy(false);
      sending.current = false;
      onError?.();
    }
  };
  return {busy, error, sendOnce};
}
