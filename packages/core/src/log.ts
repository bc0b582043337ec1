/** The log of operator and daemon: JSON lines on standard output. */
import { DpuError } from '@dpu-operator/sdk';
import { type DestinationStream, type Logger, pino } from 'pino';
import { CniError, cniCodes } from './daemon/attach/errors.ts';
import { ApiError } from './kube/api-error.ts';

export function createLogger(level = 'info', destination?: DestinationStream): Logger {
  const options = { level, base: null, serializers: { err: describeError } };
  return destination ? pino(options, destination) : pino(options);
}

/** What the code foresees is told in one line, a bug with its stack. */
function describeError(error: Error): unknown {
  if (error instanceof ApiError) return error.message;
  if (error instanceof CniError && (error.code !== cniCodes.internal || !error.cause)) return error.message;
  const { code, message } = DpuError.from(error instanceof CniError ? error.cause : error);
  return code === 'INTERNAL' ? pino.stdSerializers.err(error) : `${code}: ${message}`;
}
