/** The log of operator and daemon: JSON lines on standard output. */
import { DpuError } from '@dpu-operator/sdk';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { CniError, cniCodes } from './cni-error.ts';
import { ApiError } from './kube/client/api-error.ts';

export function createLogger(
  level = 'info',
  destination?: DestinationStream,
  onChild?: LoggerOptions['onChild'],
): Logger {
  const options = { level, base: null, serializers: { err: describeError }, ...(onChild && { onChild }) };
  return destination ? pino(options, destination) : pino(options);
}

/** The log of a process that `spec.logLevel` of the DpuOperatorConfig sets, while it runs. */
export class ProcessLog {
  readonly logger: Logger;
  readonly #startLevel: string;
  readonly #startsWithDebug: boolean;
  /** pino copies the level into each child. */
  readonly #children = new Set<WeakRef<Logger>>();

  /** @param startLevel The least that is told, whatever `spec.logLevel` says. */
  constructor(startLevel = 'info', destination?: DestinationStream) {
    this.#startLevel = startLevel;
    this.logger = createLogger(startLevel, destination, (child) => this.#children.add(new WeakRef(child)));
    this.#startsWithDebug = this.logger.isLevelEnabled('debug');
  }

  setLogLevel(logLevel: number): void {
    const level = logLevel > 0 && !this.#startsWithDebug ? 'debug' : this.#startLevel;
    if (level === this.logger.level) return;
    this.logger.level = level;
    for (const reference of this.#children) {
      const child = reference.deref();
      if (child) child.level = level;
      else this.#children.delete(reference);
    }
    this.logger.info({ level }, 'the log level changed');
  }
}

/** What the code foresees is told in one line, a bug with its stack. */
function describeError(error: Error): unknown {
  if (error instanceof ApiError) return error.message;
  if (error instanceof CniError && (error.code !== cniCodes.internal || !error.cause)) return error.message;
  const { code, message } = DpuError.from(error instanceof CniError ? error.cause : error);
  return code === 'INTERNAL' ? pino.stdSerializers.err(error) : `${code}: ${message}`;
}
