/**
 * The request to the daemon: one POST over its unix socket. Written by hand on Bun's socket, because fetch obeys the
 * HTTP_PROXY that container runtimes run with, and costs half a millisecond more. HTTP/1.0 has neither chunks nor
 * kept connections: an answer ends where its length says, or else where the connection does.
 */
import { isObject } from './config.ts';
import { CniError, codes, parseCode } from './spec.ts';
import { encode } from './text.ts';

export const defaultSocket = '/var/run/dpu-daemon/dpu-cni/dpu-cni-server.sock';

/** A little less than the two minutes after which container runtimes give up on a sandbox. */
const timeoutMs = 110_000;
/** A result has some hundred bytes. */
const maxAnswerBytes = 4 * 1024 * 1024;
/** Of an answer that is not understood, as much as a message may show. */
const shown = 500;

interface Answer {
  status: number;
  headers: Map<string, string>;
  body: string;
}

/** @returns the `Result` of the answer. @throws CniError with the daemon's words, or 11 when it does not answer */
export async function askDaemon(socketPath: string, env: Record<string, string>, config: Uint8Array): Promise<unknown> {
  const request = JSON.stringify({ env, config: config.toBase64() });
  const { status, headers, body } = await post(socketPath, request);
  if (status !== 200) {
    const code = parseCode(headers.get('x-cni-error-code'));
    const details = decodePercents(headers.get('x-cni-error-details') ?? '');
    throw new CniError(code, body.trim() || `the DPU daemon answered ${status} without a word`, details);
  }
  const answer = parseJson(body);
  if (isObject(answer)) return answer.Result;
  throw new CniError(codes.generic, 'the DPU daemon answered something that is not JSON', body.slice(0, shown));
}

async function post(socketPath: string, body: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let received = 0;
  let text = '';
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  let unsent = requestOf(body);
  const send = (socket: { write(data: Uint8Array): number }) => {
    unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
  };
  let connection: { terminate(): void } | undefined;
  try {
    connection = await Bun.connect({
      unix: socketPath,
      socket: {
        open: send,
        drain: send,
        data: (_, chunk) => {
          received += chunk.length;
          if (received > maxAnswerBytes) reject(new CniError(codes.generic, tooLong));
          else text += decoder.decode(chunk, { stream: true });
          // The daemon closes the connection a moment later.
          if (received >= bytesOf(text)) resolve(text);
        },
        close: () => resolve(text),
        error: (_, error) => reject(error),
      },
    });
    return parseAnswer(await promise);
  } catch (error) {
    if (error instanceof CniError) throw error;
    const hint = `the DPU daemon does not answer at ${socketPath}: is the dpu-daemon pod of this node running?`;
    throw new CniError(codes.tryAgainLater, hint, error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
    // An open one would keep the process, and with it the runtime, waiting for a daemon that hangs.
    connection?.terminate();
  }
}

function requestOf(body: string): Uint8Array {
  const content = encode(body);
  const head = encode(
    `POST /cni HTTP/1.0\r\nHost: dpu-daemon\r\nContent-Type: application/json\r\nContent-Length: ${content.length}\r\n\r\n`,
  );
  const request = new Uint8Array(head.length + content.length);
  request.set(head);
  request.set(content, head.length);
  return request;
}

/** Of the whole answer; endless until its head says so. */
function bytesOf(text: string): number {
  const end = text.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text.slice(0, end + 2))?.[1];
  return end < 0 || length === undefined ? Number.POSITIVE_INFINITY : end + 4 + Number(length);
}

function parseAnswer(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, Math.max(0, end)).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
  if (end < 0 || !status) throw new Error('it closed the connection before it answered');
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = text.slice(end + 4);
  const length = headers.get('content-length');
  if (length !== undefined && encode(body).length < Number(length)) throw new Error('its answer is cut off');
  return { status, headers, body };
}

const tooLong = `the DPU daemon's answer has more than ${maxAnswerBytes} bytes`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function decodePercents(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
