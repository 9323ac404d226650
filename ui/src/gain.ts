// gain.ts - an effect with its interval. What was tried too little has none: the server says null.
import type {Gain} from './types';

export const isKnown = (g: Gain | null | undefined): g is Gain =>
  !!g && [g.gain, g.low, g.high].every((v) => typeof v === 'number' && Number.isFinite(v));
