// plant_view.tsx - the plant file with its errors in place. It is saved only when it checks, only by
// an engineer, and never over somebody else's change.
import {ApiError, ask} from '../api';
import {count} from '../format';
import {t} from '../i18n';
import {Empty, Failed, Loading, errorText, useAsk} from '../parts/notice';
import {store, useStore} from '../store';
import type {FileError} from '../types';
import {useEffect, useRef, useState} from 'preact/hooks';

interface PlantFile {
  text: string;
  hash: string;
  file: string;
}

export function changedLines(before: string, after: string): number {
  const a = before.split('\n'), b = after.split('\n');
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return Math.max(a.length, b.length) - head - tail;
}

function Editor({file, reload}: {file: PlantFile; reload: () => void}) {
  useStore('link');
  const [text, setText] = useState(file.text);
  const [errors, setErrors] = useState<FileError[]>([]);
  const [checked, setChecked] = useState<string | null>(file.text);
  const [said, setSaid] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null), gutter = useRef<HTMLDivElement>(null);
  useEffect(() => (setText(file.text), setChecked(file.text), setErrors([])), [file]);
  const changed = text !== file.text ? changedLines(file.text, text) : 0;
  const reader = store.me.role !== 'engineer', small = matchMedia('(max-width: 560px)').matches;
  const check = async (wanted: string) => {
    try {
      const answer = await ask<{errors: FileError[]}>('plant/check', 'POST', {text: wanted});
      setErrors(answer.errors);
      setChecked(wanted);
      setProblem('');
    } catch (e) {
      setProblem(errorText(e));
    }
  };
  useEffect(() => {
    if (text === checked) return;
    const timer = setTimeout(() => void check(text), 600);
    return () => clearTimeout(timer);
  }, [text]);
  const save = async () => {
    setBusy(true);
    setSaid('');
    try {
      await ask('plant/file', 'PUT', {text, hash: file.hash});
      setSaid(t('plant.saved'));
      reload();
    } catch (e) {
      setProblem(e instanceof ApiError && e.status === 409 ? t('plant.conflict') : errorText(e));
    }
    setBusy(false);
  };
  const jump = (e: FileError) => {
    const lines = text.split('\n'), at = lines.slice(0, e.line - 1).join('\n').length + (e.line > 1 ? 1 : 0) + e.column - 1;
    area.current!.focus();
    area.current!.setSelectionRange(at, at + 1);
    area.current!.scrollTop = Math.max(0, (e.line - 6) * 20);
  };
  const bad = new Set(errors.map((e) => e.line));
  const why = store.offline ? t('right.offline') : reader ? t('right.engineer') : small ? t('right.small') : errors.length ? t('plant.save.errors')
    : text !== checked ? t('plant.checking') : changed === 0 ? t('plant.unchanged') : '';
  return <section class="card editor">
    <div class="toolbar"><h2 class="ids">{file.file}</h2>
      <span class={errors.length ? 'problem' : 'muted'} role="status">{errors.length ? t('plant.errors', {n: errors.length}) : t('plant.fine')}</span>
      {changed > 0 && <span>{t('plant.changed', {n: count(changed)})}</span>}
      <span class="spring" />
      <button onClick={() => void check(text)} disabled={store.offline}>{t('check')}</button>
      <button class="primary" disabled={!!why || busy} title={why} onClick={save}>{t('save')}</button></div>
    {why && changed > 0 && <p class="muted">{why}</p>}
    {reader && <p class="muted">{t('right.engineer')}</p>}
    {said && <p role="status">{said}</p>}
    {problem && <p class="problem" role="alert">{problem}</p>}
    {errors.length > 0 && <ul class="file-errors">{errors.slice(0, 20).map((e) => <li>
      <button class="link" onClick={() => jump(e)}>{e.line}:{e.column}</button> {e.text}{e.hint && <span class="muted"> {e.hint}</span>}</li>)}</ul>}
    <div class="text">
      <div ref={gutter} class="gutter num" aria-hidden="true">{text.split('\n').map((_, i) => <div class={bad.has(i + 1) ? 'bad' : ''}>{bad.has(i + 1) ? `✕ ${i + 1}` : i + 1}</div>)}</div>
      <textarea ref={area} value={text} readOnly={reader || small} spellcheck={false} wrap="off" aria-label={file.file} aria-invalid={errors.length > 0}
        onScroll={(e) => (gutter.current!.scrollTop = e.currentTarget.scrollTop)} onInput={(e) => setText(e.currentTarget.value)} />
    </div>
  </section>;
}

export function PlantView() {
  const {value, error, again} = useAsk((signal) => ask<PlantFile>('plant/file', 'GET', undefined, signal), []);
  return <div class="view plant-view">
    <h1 class="visually-hidden">{t('view.plant')}</h1>
    {error !== null && <Failed error={error} again={again} />}
    {!value && error === null && <Loading what={t('loading.file')} />}
    {value && (value.text ? <Editor file={value} reload={again} /> : <Empty>{t('plant.empty')}</Empty>)}
  </div>;
}
