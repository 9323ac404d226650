// api.ts - questions to the server. Nothing is queued: what cannot be asked now fails now.
import {currentLang} from './i18n';

export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, text: string, readonly id: string,
              readonly place: {line?: number; column?: number; hint?: string} = {}) {
    super(text);
  }
}

export async function ask<T>(path: string, method = 'GET', body?: unknown,
                             signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/${path}`, {
      method,
      signal: signal ?? null,
      headers: body === undefined ? {} : {'Content-Type': 'application/json'},
      body: body === undefined ? null : JSON.stringify(body),
      credentials: 'same-origin',
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'offline', String(error), '');
  }
  const text = await answer.text();
  let json: unknown = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch {
    json = null;  // a stranger's answer; the status says enough
  }
  if (answer.ok) return json as T;
  const error = (json as {error?: Record<string, unknown>} | null)?.error ?? {};
  const said = (currentLang() === 'ko' && error.text_ko) || error.text || answer.statusText;
  throw new ApiError(answer.status, String(error.code ?? ''), String(said), String(error.id ?? ''), error);
}
