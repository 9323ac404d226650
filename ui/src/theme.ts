// theme.ts - light, dark, or what the system wishes. Kept in the address alone.
import {choose, chosen} from './route';

export function isDark(): boolean {
  const asked = chosen('theme');
  return asked ? asked === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
}

export function switchTheme(): void {
  choose('theme', isDark() ? 'light' : 'dark');
  applyTheme();
}

// For what is drawn on a canvas.
export const token = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
