/**
 * What the daemon knows of a thing: a DPU, a device, an attachment, a port at the peer, an object of the API. Absence
 * is not an order: only `gone`, which somebody has made certain, or an order may destroy. Whatever could not be
 * looked at, or is missing for a moment, is `unknown` and keeps what there is.
 */
export type Presence<T> =
  | { is: 'there'; value: T }
  /** Certain: the kernel, the kubelet or the owner said so. */
  | { is: 'gone' }
  /** @property reason what could not be learned, in words for a condition */
  | { is: 'unknown'; reason: string };

export const there = <T>(value: T): Presence<T> => ({ is: 'there', value });
export const gone: Presence<never> = { is: 'gone' };
export const unknown = (reason: string): Presence<never> => ({ is: 'unknown', reason });
