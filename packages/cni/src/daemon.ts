/**
 * The request to the daemon: one POST over its unix socket. Written by hand on Bun's socket, because fetch obeys the
 * HTTP_PROXY that container runtimes run with, and costs half a millisecond more. HTTP/1.0 has neither chunks nor
 * kept connections, so an answer ends where the connection does.
 */
import { CniError, codes } from './spec.ts';

export const defaultSocket = '/var/run/dpu-daemon/dpu-cni/dpu-cni-server.sock';

/** A little less than the two minutes after which container runtimes give up on a sandbox. */
const timeoutMs = 110_000;

interface Answer {
  status: number;
  headers: Map<string, string>;
  body: string;
}

/** @returns the `Result` of the answer. @throws CniError with the daemon's words, or 11 when it does not answer */
export async function askDaemon(socketPath: string, env: Record<string, string>, config: string): Promise<unknown> {
  const { status, headers, body } = await post(socketPath, JSON.stringify({ env, config: toBase64(config) }));
  if (status !== 200) {
    const code = Number(headers.get('x-cni-error-code')) || codes.generic;
    const details = decode(headers.get('x-cni-error-details') ?? '');
    throw new CniError(code, body.trim() || `the DPU daemon answered ${status} without a word`, details);
  }
  try {
    return (JSON.parse(body) as { Result?: unknown }).Result;
  } catch {
    throw new CniError(codes.generic, 'the DPU daemon answered something that is not JSON', body.slice(0, 500));
  }
}

async function post(socketPath: string, body: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array[]>();
  const chunks: Uint8Array[] = [];
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  const content = new TextEncoder().encode(body);
  const head = `POST /cni HTTP/1.0\r\nHost: dpu-daemon\r\nContent-Type: application/json\r\nContent-Length: ${content.length}\r\n\r\n`;
  let unsent: Uint8Array = Buffer.concat([new TextEncoder().encode(head), content]);
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
        // Bun may use the memory of a chunk again.
        data: (_, chunk) => void chunks.push(chunk.slice()),
        close: () => resolve(chunks),
        error: (_, error) => reject(error),
      },
    });
    return parseAnswer(Buffer.concat(await promise).toString());
  } catch (error) {
    const hint = `the DPU daemon does not answer at ${socketPath}: is the dpu-daemon pod of this node running?`;
    throw new CniError(codes.tryAgainLater, hint, error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
    // An open one would keep the process, and with it the runtime, waiting for a daemon that hangs.
    connection?.terminate();
  }
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
  if (length !== undefined && Buffer.byteLength(body) < Number(length)) throw new Error('its answer is cut off');
  return { status, headers, body };
}

const toBase64 = (text: string): string => Buffer.from(text).toString('base64');

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
