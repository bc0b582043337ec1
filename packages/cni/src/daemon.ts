/**
 * The request to the daemon: one POST over its unix socket. HTTP/1.0 has neither chunks nor kept connections: an answer
 * ends where its length says, or else where the connection does.
 */
import { isObject, type Json, parseJson } from './json.ts';
import { CniError, codes, messageOf, parseCode } from './spec.ts';
import { connectUnix, now, Received, readable, sendAll } from './system.ts';

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
export function askDaemon(socketPath: string, env: Record<string, string>, config: Uint8Array): Json | undefined {
  const request = JSON.stringify({ env, config: Buffer.from(config).toString('base64') });
  const { status, headers, body } = post(socketPath, request);
  if (status !== 200) {
    const code = parseCode(headers.get('x-cni-error-code'));
    const details = decodePercents(headers.get('x-cni-error-details') ?? '');
    throw new CniError(code, body.trim() || `the DPU daemon answered ${status} without a word`, details);
  }
  const answer = understood(body);
  if (isObject(answer)) return answer.Result;
  throw new CniError(codes.generic, 'the DPU daemon answered something that is not JSON', body.slice(0, shown));
}

/** Without fetch, which obeys the HTTP_PROXY that container runtimes run with. */
function post(socketPath: string, body: string): Answer {
  const deadline = now() + timeoutMs;
  try {
    const fd = connectUnix(socketPath, timeoutMs);
    sendAll(fd, requestOf(body), deadline);
    return parseAnswer(receive(fd, deadline));
  } catch (error) {
    if (error instanceof CniError) throw error;
    const hint = `the DPU daemon does not answer at ${socketPath}: is the dpu-daemon pod of this node running?`;
    throw new CniError(codes.tryAgainLater, hint, messageOf(error));
  }
}

function requestOf(body: string): Uint8Array {
  const content = new TextEncoder().encode(body);
  const head = new TextEncoder().encode(
    `POST /cni HTTP/1.0\r\nHost: dpu-daemon\r\nContent-Type: application/json\r\nContent-Length: ${content.length}\r\n\r\n`,
  );
  const request = new Uint8Array(head.length + content.length);
  request.set(head);
  request.set(content, head.length);
  return request;
}

/** @returns the whole answer. @throws Error when it does not come in time. @throws CniError 999 when it is too long */
function receive(fd: number, deadline: number): Uint8Array {
  const received = new Received();
  let length: number | undefined;
  for (;;) {
    if (!readable(fd, deadline)) throw new Error(`no answer within ${timeoutMs} ms`);
    if (received.readFrom(fd) === 0) return received.bytes;
    if (received.bytes.length > maxAnswerBytes) throw new CniError(codes.generic, tooLong);
    length ??= lengthOf(received.bytes);
    // The daemon closes the connection a moment later.
    if (length !== undefined && received.bytes.length >= length) return received.bytes;
  }
}

/** In bytes, of an answer of which at least the head is there and says so. */
function lengthOf(bytes: Uint8Array): number | undefined {
  const end = endOfHead(bytes);
  if (end < 0) return undefined;
  const content = /\r\ncontent-length: *(\d+)\r\n/i.exec(decode(bytes.subarray(0, end + 2)))?.[1];
  return content === undefined ? undefined : end + 4 + Number(content);
}

/** @returns where the empty line begins, -1 without one */
function endOfHead(bytes: Uint8Array): number {
  for (let at = 0; at + 3 < bytes.length; at += 1) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

function parseAnswer(bytes: Uint8Array): Answer {
  const end = endOfHead(bytes);
  const [first = '', ...lines] = decode(bytes.subarray(0, Math.max(0, end))).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
  if (end < 0 || !status) throw new Error('it closed the connection before it answered');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const body = bytes.subarray(end + 4);
  const length = headers.get('content-length');
  if (length !== undefined && body.length < Number(length)) throw new Error('its answer is cut off');
  return { status, headers, body: decode(body) };
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const tooLong = `the DPU daemon's answer has more than ${maxAnswerBytes} bytes`;

function understood(text: string): Json | undefined {
  try {
    return parseJson(text);
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
