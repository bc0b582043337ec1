import type { IncomingMessage } from 'node:http';
import { cutText } from '@dpu-operator/sdk/cut-text';
import { z } from 'zod';

/** Milliseconds. A server that asks for a longer pause is asked before it is over. */
const longestPauseMs = 120_000;

/** metav1.Status, as far as it is read. */
export const statusSchema = z.object({
  kind: z.literal('Status'),
  code: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).optional(),
});

/** What the API server answered instead of success. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 when no answer came. */
  readonly code: number;
  /** metav1.StatusReason, such as `NotFound` or `Conflict`; empty when the server gave none. */
  readonly reason: string;
  /** What the server asked for by Retry-After. */
  retryAfterMs?: number;

  constructor(message: string, code: number, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.reason = reason;
  }

  /** What the server said, without the request that it answered. */
  get detail(): string {
    return this.message.replace(/^[A-Z]+ \S+: /, '');
  }
}

function isApiError(error: unknown, code: number): error is ApiError {
  return error instanceof ApiError && error.code === code;
}

/** The object does not exist, or the whole kind does not. */
export const isNotFound = (error: unknown): error is ApiError => isApiError(error, 404);
export const isConflict = (error: unknown): error is ApiError => isApiError(error, 409);
/** An object of that name exists. Other conflicts pass. */
export const isAlreadyThere = (error: unknown): error is ApiError =>
  isConflict(error) && error.reason === 'AlreadyExists';
/**
 * The object is another one than that whose uid was named, in the words that the server has for it before and in its storage. Other
 * conflicts, as of who admits requests, say nothing of that.
 */
export const isOtherObject = (error: unknown): error is ApiError =>
  isConflict(error) && /UID in (the )?precondition/.test(error.message);
/** What the server, or a policy of the cluster, does not allow: for an administrator to see. A conflict or a busy server is none. */
export const isRefused = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code >= 400 && error.code < 500 && ![409, 429].includes(error.code);
/** The resource version of a watch or list is too old. */
export const isGone = (error: unknown): error is ApiError => isApiError(error, 410);

export function apiErrorFrom(
  request: { method: string; path: string },
  response: IncomingMessage,
  body: string,
): ApiError {
  const status = parseStatus(body);
  const detail = status?.message ?? (cutText(body.trim(), 300) || response.statusMessage || 'no message');
  const error = new ApiError(
    `${request.method} ${request.path}: ${detail}`,
    response.statusCode ?? 0,
    status?.reason ?? '',
  );
  const seconds = Number(response.headers['retry-after'] ?? status?.details?.retryAfterSeconds);
  if (Number.isFinite(seconds)) error.retryAfterMs = Math.min(longestPauseMs, Math.max(0, seconds * 1000));
  return error;
}

function parseStatus(body: string): z.infer<typeof statusSchema> | undefined {
  try {
    return statusSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
