/** A plugin's own service over a real socket. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { expect, onTestFinished, test } from 'vitest';
import type { PluginService } from '../../contract/plugin-service.ts';
import { DpuError } from '../../errors.ts';
import { reflectionService } from '../../wire/grpc/definitions.ts';
import { hostInit, memoryPlugin, serve, temporaryDirectory, vspClient } from '../testing.ts';

async function define(packageName = 'acme.card.v1'): Promise<ServiceDefinition> {
  const directory = await temporaryDirectory();
  await writeFile(
    join(directory, 'counters.proto'),
    `syntax = "proto3";
package ${packageName};
import "google/protobuf/empty.proto";
service Counters {
  rpc Read(Port) returns (Count);
  rpc Watch(Port) returns (stream Count);
  rpc Reset(Port) returns (google.protobuf.Empty);
}
message Port { string name = 1; }
message Count { uint32 packets = 1; }
`,
  );
  return loadSync('counters.proto', { includeDirs: [directory] })[`${packageName}.Counters`] as ServiceDefinition;
}

interface Port {
  name: string;
}

const handlers: PluginService['handlers'] = {
  Read: async ({ name }: Port) => ({ packets: name.length }),
  async *Watch({ name }: Port, { signal }) {
    for (let packets = name.length; !signal.aborted; packets++) yield { packets };
  },
  Reset: async () => {
    throw new DpuError('FAILED_PRECONDITION', 'the card is busy');
  },
};

async function start(services: PluginService[]) {
  const { socketPath } = await serve(memoryPlugin({ services }));
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  onTestFinished(() => client.close());
  const init = () => vspClient(socketPath).init(hostInit);
  return { client, init, vsp: vspClient(socketPath) };
}

type Methods = Record<string, ServiceDefinition[string]>;

function unary(client: Client, { path, requestSerialize, responseDeserialize }: Methods[string], request: object) {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}

test('its methods are answered from Init on, and it is announced', async () => {
  const definition = await define();
  const { client, init, vsp } = await start([{ definition, handlers }]);
  const read = () => unary(client, definition.Read as Methods[string], { name: 'p0' });
  await expect(read()).rejects.toMatchObject({ code: 12 });
  await init();
  await expect(read()).resolves.toEqual({ packets: 2 });
  await expect(unary(client, definition.Reset as Methods[string], { name: 'p0' })).rejects.toMatchObject({
    code: 9,
    details: 'the card is busy',
  });
  const features = (await vsp.getInfo())?.features ?? [];
  expect(features).toContainEqual({ name: 'acme.card.v1.Counters', version: 1, limits: {} });
});

test('a stream goes on until its caller has gone', async () => {
  const definition = await define();
  let ended: () => void = () => {};
  const isOver = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const watching = async function* (_: Port, { signal }: { signal: AbortSignal }) {
    try {
      for (let packets = 0; !signal.aborted; packets++) yield { packets };
    } finally {
      ended();
    }
  };
  const { client, init } = await start([{ definition, handlers: { ...handlers, Watch: watching } }]);
  await init();
  const { path, requestSerialize, responseDeserialize } = definition.Watch as Methods[string];
  const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { name: '' });
  const seen: unknown[] = [];
  const error = new Promise<ServiceError>((resolve) => stream.on('error', resolve));
  stream.on('data', (answer) => {
    seen.push(answer);
    if (seen.length === 3) stream.cancel();
  });
  expect((await error).code).toBe(1);
  await isOver;
  expect(seen.slice(0, 3)).toEqual([{ packets: 0 }, { packets: 1 }, { packets: 2 }]);
});

test('reflection lists it, and answers its files', async () => {
  const { client, init } = await start([{ definition: await define(), handlers }]);
  await init();
  const { path, requestSerialize, responseDeserialize } = reflectionService.ServerReflectionInfo;
  const ask = async (request: Parameters<typeof requestSerialize>[0]) => {
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const answer = new Promise<ReturnType<typeof responseDeserialize>>((resolve) => call.once('data', resolve));
    call.end(request);
    return answer;
  };
  const { listServicesResponse } = await ask({ host: '', listServices: '' });
  expect(listServicesResponse?.service.map(({ name }) => name)).toContain('acme.card.v1.Counters');
  for (const symbol of ['acme.card.v1.Counters', 'acme.card.v1.Count']) {
    const { fileDescriptorResponse } = await ask({ host: '', fileContainingSymbol: symbol });
    const files = fileDescriptorResponse?.fileDescriptorProto.map((file) => file.toString('latin1')) ?? [];
    expect(files.some((file) => file.includes('Counters'))).toBe(true);
    expect(files.some((file) => file.includes('google.protobuf'))).toBe(true);
  }
});

test.each([
  ['a package of ours', 'opi_api.lifecycle.v1alpha2', handlers, 'the package opi_api.lifecycle is not a vendor'],
  ['one of the bridge', 'opi_api.network.evpn_gw.v2', handlers, 'the package opi_api.network.evpn_gw is not a vendor'],
  ['a method that nothing answers', 'acme.v1', { ...handlers, Read: undefined as never }, 'answers its method Read'],
])('%s makes Init fail with words', async (_, packageName, answers, message) => {
  const { init } = await start([{ definition: await define(packageName), handlers: answers }]);
  await expect(init()).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining(message) });
});

test('what OPI has beyond the contract is served and announced under its own name', async () => {
  const definition = await define('opi_api.storage.v1');
  const { client, init, vsp } = await start([{ definition, handlers }]);
  await init();
  await expect(unary(client, definition.Read as Methods[string], { name: 'p0' })).resolves.toEqual({ packets: 2 });
  expect((await vsp.getInfo())?.features.map(({ name }) => name)).toContain('opi_api.storage.v1.Counters');
});

test('twice the same makes Init fail, as does one without methods', async () => {
  const service = { definition: await define(), handlers };
  const twice = await start([service, service]);
  for (const _ of ['first', 'second']) {
    await expect(twice.init()).rejects.toMatchObject({ message: expect.stringContaining('it is there twice') });
  }
  expect(await twice.vsp.getInfo()).toMatchObject({ capabilities: [], features: [] });
  const none = await start([{ definition: {}, handlers: {} }]);
  await expect(none.init()).rejects.toMatchObject({ message: expect.stringContaining('it needs methods') });
});
