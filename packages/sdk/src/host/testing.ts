/** For the tests here: a plugin in memory, served on a real socket. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { VspClient } from '../client/vsp-client.ts';
import type { Change, DataPath, Plugin, Wanted } from '../contract/contract.ts';
import { parsePluginManifest } from '../manifest/parse.ts';
import type { Method } from '../wire/grpc/definitions.ts';
import { fromServiceError } from '../wire/grpc/service-error.ts';
import { type ServePluginOptions, servePlugin } from './command/serve-plugin.ts';

export const manifest = parsePluginManifest({
  dpu: {
    contract: '^1.0.0',
    products: [{ name: 'Test DPU', dpu: { detect: { dmiProductContains: 'Test' }, identifier: 'test-{node}' } }],
    settings: {
      type: 'object',
      properties: { vfs: { type: 'integer', minimum: 0, default: 2 }, peer: { type: 'string', format: 'ipv4' } },
      additionalProperties: false,
    },
  },
});

export const hostInit = { dpuMode: false, dpuIdentifier: 'test-1' };

export function memoryPlugin(parts: Partial<Plugin> = {}): Plugin {
  return {
    address: { ip: '127.0.0.1', port: 50151 },
    getDevices: async () => [
      { id: 'vf0', healthy: true, numaNode: 1 },
      { id: 'vf1', healthy: false },
    ],
    setNumVfs: async (count) => count,
    ...parts,
  };
}

export interface MemoryDataPath extends DataPath {
  /** What it was given last. */
  wanted: Wanted | undefined;
  calls: { changed: readonly Change[]; complete: boolean }[];
}

/** Does everything at once, and remembers what it was told. */
export function memoryDataPath(parts: Partial<DataPath> = {}): MemoryDataPath {
  const memory: MemoryDataPath = {
    serves: ['bridge', 'networkFunctions', 'chains'],
    wanted: undefined,
    calls: [],
    ...parts,
    apply: async (wanted, call) => {
      memory.wanted = wanted;
      memory.calls.push({ changed: call.changed, complete: call.complete });
      return parts.apply?.(wanted, call);
    },
  };
  return memory;
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dpu-sdk-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Serves until the test ends. `logs` are the lines that the host wrote. */
export async function serve(plugin: Plugin, options: Partial<ServePluginOptions> = {}) {
  const socketPath = options.socketPath ?? join(await temporaryDirectory(), 'vsp.sock');
  const logs: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => logs.push(JSON.parse(line)) });
  const server = await servePlugin({
    plugin: { create: () => plugin },
    manifest,
    settings: {},
    node: { name: 'node-1', ip: '192.0.2.1' },
    logger,
    socketPath,
    ...options,
  });
  onTestFinished(() => server.close());
  return { server, socketPath, logs };
}

export function vspClient(socketPath: string, deadlineMs = 5_000): VspClient {
  const client = new VspClient({ socketPath, logger: pino({ level: 'silent' }), deadlineMs });
  onTestFinished(() => client.close());
  return client;
}

/** A client that knows nothing but the definition of a method. */
export function rawClient(socketPath: string) {
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  onTestFinished(() => client.close());
  return <In, ResponseIn, RequestOut, Out>(
    method: Method<In, ResponseIn, RequestOut, Out>,
    request: In,
  ): Promise<Out> =>
    new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      const deadline = { deadline: Date.now() + 5_000 };
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
        deadline,
        (error, response) => (error ? reject(fromServiceError(error)) : resolve(response as Out)),
      );
    });
}
