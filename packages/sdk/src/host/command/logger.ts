/** The log of a VSP. */
import { type DestinationStream, type Logger, pino } from 'pino';
import { DpuError } from '../../errors.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** @param base Goes into every line. */
export function createLogger(
  base: Record<string, string>,
  level: LogLevel = 'info',
  destination?: DestinationStream,
): Logger {
  const options = { base, level, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeError } };
  return destination ? pino(options, destination) : pino(options);
}

/** What the code foresees is told in one line, a bug with its stack. */
function describeError(error: Error): unknown {
  const { code, message } = DpuError.from(error);
  return code === 'INTERNAL' ? pino.stdSerializers.err(error) : `${code}: ${message}`;
}
