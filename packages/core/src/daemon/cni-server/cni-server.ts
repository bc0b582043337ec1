/** HTTP on a unix socket: what `dpu-cni` talks to. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import type { AttachEngine } from '../attach/engine.ts';
import { CniError, cniCodes } from '../attach/errors.ts';
import { runCommand } from './commands.ts';
import { CniRequest } from './request.ts';

export interface CniServerOptions {
  engine: Pick<AttachEngine, 'add' | 'del' | 'check' | 'gc' | 'status'>;
  socketPath: string;
  logger: Logger;
  /** Until a command is answered "try again later"; it goes on behind. */
  deadlineMs?: number;
}

/** Configurations have some kilobytes; GC lists every pod of a node. */
const maxBodyBytes = 4 * 1024 * 1024;
/** Below the two minutes that container runtimes wait for a sandbox. */
const defaultDeadlineMs = 90_000;
/** A CNI error's number beside its text; `dpu-cni` of the Go operator only reads the text. */
const codeHeader = 'X-CNI-Error-Code';
const detailsHeader = 'X-CNI-Error-Details';
/** Characters: an IPAM plugin may say anything, a client takes 16 KB of headers. */
const maxDetails = 1_000;

export class CniServer {
  readonly #options: CniServerOptions;
  readonly #server: Server;

  constructor(options: CniServerOptions) {
    this.#options = options;
    this.#server = createServer({ requestTimeout: 30_000 }, (request, response) => void this.#serve(request, response));
  }

  /** Resolves when it listens; closes on the signal. */
  async start(signal?: AbortSignal): Promise<void> {
    const { socketPath } = this.#options;
    const directory = dirname(socketPath);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    // What a killed daemon left; a running one cannot be here, there is one daemon a node.
    rmSync(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      // It also comes for a connection that could not be accepted, which must not end the daemon.
      this.#server.on('error', (error) => {
        this.#options.logger.error({ err: error }, 'CNI server');
        reject(error);
      });
      this.#server.listen(socketPath, () => {
        chmodSync(socketPath, 0o600);
        resolve();
      });
    });
    signal?.addEventListener('abort', () => void this.close(), { once: true });
  }

  /** Takes no more requests and waits for those that run, but not longer than some milliseconds. */
  async close(graceMs = 5_000): Promise<void> {
    if (!this.#server.listening) return;
    const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    clearTimeout(cut);
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const log: Record<string, unknown> = {};
    try {
      const request = new CniRequest(await readJson(message));
      const { command, netns, env, pod } = request;
      Object.assign(log, { command, container: env.CNI_CONTAINERID, ifName: env.CNI_IFNAME, netns, pod });
      const result = await this.#withDeadline(runCommand(this.#options.engine, request));
      answer(response, 200, 'application/json', JSON.stringify({ Result: result }));
      this.#options.logger.info({ ...log, ms: Math.round(performance.now() - started) }, 'cni request');
    } catch (error) {
      const { code, message: text, details } = CniError.from(error);
      response.setHeader(codeHeader, code);
      if (details) response.setHeader(detailsHeader, encodeURIComponent(details.slice(0, maxDetails).toWellFormed()));
      answer(response, statusOf(error, code), 'text/plain; charset=utf-8', text);
      const ms = Math.round(performance.now() - started);
      const words = `cni request failed: ${text}`;
      if (code === cniCodes.internal) this.#options.logger.error({ ...log, ms, code, err: error }, words);
      else this.#options.logger.warn({ ...log, ms, code }, words);
    }
  }

  async #withDeadline<T>(work: Promise<T>): Promise<T> {
    const ms = this.#options.deadlineMs ?? defaultDeadlineMs;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new CniError(cniCodes.tryAgainLater, `not done within ${ms} ms`)), ms);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
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
