// route.ts - where the page is: the part of the address after '#', so that a link holds a view.
import {useEffect, useReducer} from 'preact/hooks';

export type View = 'line' | 'decisions' | 'history' | 'twin' | 'models' | 'plant' | 'pool';
export const views: readonly View[] = ['line', 'decisions', 'history', 'twin', 'models', 'plant', 'pool'];

export interface Route {
  view: View;
  item: string;  // "#/decisions/d-7": d-7
  query: URLSearchParams;
}

export function route(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [view = '', item = ''] = path.split('/');
  return {
    view: views.includes(view as View) ? view as View : 'line',  // the shell knows which there are
    item: decodeURIComponent(item),
    query: new URLSearchParams(query),
  };
}

export function hrefOf(view: View, item = '', query?: URLSearchParams): string {
  const asked = query?.toString();
  return `#/${view}${item ? `/${encodeURIComponent(item)}` : ''}${asked ? `?${asked}` : ''}`;
}

export function go(view: View, item = '', query?: URLSearchParams, replace = false): void {
  const href = hrefOf(view, item, query);
  if (replace) {
    history.replaceState(null, '', location.search + href);
    dispatchEvent(new HashChangeEvent('hashchange'));
  } else location.hash = href;
}

export function useRoute(): Route {
  const [, again] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    const heard = () => again(undefined as never);
    addEventListener('hashchange', heard);
    return () => removeEventListener('hashchange', heard);
  }, []);
  return route();
}

// A choice that is kept in the address before '#': language, theme, wall.
export function choose(name: string, value: string | null): void {
  const query = new URLSearchParams(location.search);
  if (value === null) query.delete(name);
  else query.set(name, value);
  const text = query.toString();
  history.replaceState(null, '', `${location.pathname}${text ? `?${text}` : ''}${location.hash}`);
}

export const chosen = (name: string): string | null => new URLSearchParams(location.search).get(name);
export const isWall = (): boolean => chosen('wall') === '1';
