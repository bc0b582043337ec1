import { Client, credentials } from '@grpc/grpc-js';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import { expect, onTestFinished, test } from 'vitest';
import type { ServerReflectionRequest } from '../generated/grpc/reflection/v1/ServerReflectionRequest.ts';
import type { ServerReflectionResponse__Output } from '../generated/grpc/reflection/v1/ServerReflectionResponse.ts';
import { reflectionAlphaService, reflectionService } from '../wire/grpc/definitions.ts';
import { hostInit, memoryDataPath, memoryPlugin, serve, vspClient } from './testing.ts';

async function reflect(service: typeof reflectionService, requests: ServerReflectionRequest[]) {
  const { socketPath } = await serve(memoryPlugin({ dataPath: memoryDataPath({ serves: ['bridge'] }) }));
  await vspClient(socketPath).init(hostInit);
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  onTestFinished(() => client.close());
  const { path, requestSerialize, responseDeserialize } = service.ServerReflectionInfo;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  for (const request of requests) call.write(request);
  call.end();
  const responses: ServerReflectionResponse__Output[] = [];
  for await (const response of call) responses.push(response);
  return responses;
}

test('lists the services of the plugin', async () => {
  const [response] = await reflect(reflectionAlphaService, [{ listServices: '*' }]);
  const names = response?.listServicesResponse?.service.map(({ name }) => name);
  expect(names).toContain('opi_api.network.evpn_gw.v1alpha1.BridgePortService');
  expect(names).toContain('Vendor.DeviceService');
  expect(names).not.toContain('Vendor.NetworkFunctionService');
});

test('gives files with all they import', async () => {
  const [bridge, device, unknown] = await reflect(reflectionService, [
    { fileContainingSymbol: 'opi_api.network.evpn_gw.v1alpha1.LogicalBridgeService.UpdateLogicalBridge' },
    { fileContainingSymbol: 'opi_api.lifecycle.v1alpha1.DeviceListResponse' },
    { fileByFilename: 'nothing.proto' },
  ]);
  const files = bridge?.fileDescriptorResponse?.fileDescriptorProto.map((bytes) =>
    descriptor.FileDescriptorProto.toObject(descriptor.FileDescriptorProto.decode(bytes)),
  );
  expect(files?.[0]).toMatchObject({ package: 'opi_api.network.evpn_gw.v1alpha1', syntax: 'proto3' });
  expect(
    files
      ?.slice(1)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...(files?.[0]?.dependency ?? [])].sort());
  const messages = files?.[0]?.messageType;
  const spec = messages.find(({ name }: { name: string }) => name === 'LogicalBridgeSpec');
  expect(spec.field[1]).toMatchObject({ name: 'vni', proto3Optional: true });
  expect(spec.field[2].typeName).toBe('.opi_api.network.opinetcommon.v1alpha1.IPPrefix');

  const lifecycle = descriptor.FileDescriptorProto.toObject(
    descriptor.FileDescriptorProto.decode(device?.fileDescriptorResponse?.fileDescriptorProto[0] ?? Buffer.alloc(0)),
  );
  const list = lifecycle.messageType.find(({ name }: { name: string }) => name === 'DeviceListResponse');
  expect(list.nestedType[0]).toMatchObject({ name: 'DevicesEntry', options: { mapEntry: true } });
  expect(unknown?.errorResponse).toMatchObject({ errorCode: 5 });
});
