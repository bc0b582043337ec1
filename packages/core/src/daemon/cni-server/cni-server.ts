/** HTTP on a unix socket: what `dpu-cni` talks to. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { cutText } from '@dpu-operator/sdk/cut-text';
import type { Logger } from 'pino';
import { CniError, cniCodes } from '../../cni-error.ts';
import type { AttachEngine } from '../attach/engine.ts';
import { runCommand } from './commands.ts';
import { CniRequest } from './request.ts';
import { UnixListener } from './unix-listener.ts';

export interface CniServerOptions {
  engine: Pick<AttachEngine, 'add' | 'del' | 'check' | 'gc' | 'status'>;
  socketPath: string;
  logger: Logger;
  /** Milliseconds until a command is answered "try again later". An ADD is undone then. Default: 90 s. */
  deadlineMs?: number;
}

/** Configurations have some kilobytes; GC lists every pod of a node. */
const maxBodyBytes = 4 * 1024 * 1024;
/** Below the two minutes that container runtimes wait for a sandbox. */
const defaultDeadlineMs = 90_000;
/** A CNI error's number beside its text; `dpu-cni` of the Go operator only reads the text. */
const codeHeader = 'X-CNI-Error-Code';
const detailsHeader = 'X-CNI-Error-Details';
/** Bytes: an IPAM plugin may say anything, a client takes 16 KB of headers. */
const maxDetails = 1_000;

export class CniServer {
  readonly #options: CniServerOptions;
  readonly #listener: UnixListener;

  constructor(options: CniServerOptions) {
    this.#options = options;
    this.#listener = new UnixListener({
      socketPath: options.socketPath,
      onRequest: (request, response) => void this.#serve(request, response),
      logger: options.logger,
    });
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    await this.#listener.listen();
  }

  /** Takes no more requests and waits for those that run, but not longer than some milliseconds. */
  async close(graceMs = 5_000): Promise<void> {
    await this.#listener.close(graceMs);
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const log: Record<string, unknown> = {};
    try {
      const request = new CniRequest(await readJson(message));
      const { command, netns, env, pod } = request;
      Object.assign(log, { command, container: env.CNI_CONTAINERID, ifName: env.CNI_IFNAME, netns, pod });
      const result = await this.#withDeadline(response, (signal) => runCommand(this.#options.engine, request, signal));
      answer(response, 200, 'application/json', JSON.stringify({ Result: result }));
      this.#options.logger.info({ ...log, ms: Math.round(performance.now() - started) }, 'cni request');
    } catch (error) {
      const { code, message: text, details } = CniError.from(error);
      response.setHeader(codeHeader, code);
      if (details) response.setHeader(detailsHeader, encodeURIComponent(cutText(details, maxDetails).toWellFormed()));
      answer(response, statusOf(error, code), 'text/plain; charset=utf-8', text);
      const ms = Math.round(performance.now() - started);
      const detail = `cni request failed: ${text}`;
      if (code === cniCodes.internal) this.#options.logger.error({ ...log, ms, code, err: error }, detail);
      else this.#options.logger.warn({ ...log, ms, code }, detail);
    }
  }

  /** The signal says that nobody waits for the answer (any more). */
  async #withDeadline<T>(response: ServerResponse, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ms = this.#options.deadlineMs ?? defaultDeadlineMs;
    const abandoned = new AbortController();
    const callerLeft = () => abandoned.abort();
    response.once('close', callerLeft);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        abandoned.abort();
        reject(new CniError(cniCodes.tryAgainLater, `not done within ${ms} ms`));
      }, ms);
    });
    try {
      return await Promise.race([work(abandoned.signal), late]);
    } finally {
      clearTimeout(timer);
      response.off('close', callerLeft);
    }
  }
}

class HttpError extends CniError {
  readonly status: number;

  constructor(status: number, text: string) {
    super(cniCodes.decodingFailure, text);
    this.status = status;
  }
}

/** The caller's mistakes are 4xx, everything else 5xx. */
function statusOf(error: unknown, code: number): number {
  if (error instanceof HttpError) return error.status;
  const callers: number[] = [cniCodes.invalidEnvironment, cniCodes.decodingFailure, cniCodes.invalidConfig];
  if (callers.includes(code)) return 400;
  return code === cniCodes.tryAgainLater || code === cniCodes.notAvailable ? 503 : 500;
}

async function readJson(message: IncomingMessage): Promise<unknown> {
  if (message.url !== '/cni') throw new HttpError(404, `nothing at ${message.url}: requests go to /cni`);
  if (message.method !== 'POST') throw new HttpError(405, `${message.method} is not served: only POST`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new HttpError(413, `the request has more than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(`${Buffer.concat(chunks)}`);
  } catch {
    throw new HttpError(400, 'the request is not JSON');
  }
}

function answer(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), Connection: 'close' });
  response.end(text);
}
