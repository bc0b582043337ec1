/** P4Runtime on the wire: client and service from the descriptors in src/generated. Enums are names, 64-bit integers text. */
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import type { Status__Output } from '../generated/google/rpc/Status.ts';
import type { Error__Output } from '../generated/p4/v1/Error.ts';
import type { P4RuntimeClient, P4RuntimeDefinition } from '../generated/p4/v1/P4Runtime.ts';
import { protos } from '../generated/protos.ts';

const conversion = { longs: String, enums: String, defaults: true, oneofs: true };
const packages = loadPackageDefinition(fromJSON(protos(), conversion));
const { P4Runtime } = (packages.p4 as GrpcObject).v1 as Record<'P4Runtime', ServiceClientConstructor>;

/** As a server serves it. */
export const p4RuntimeService = P4Runtime.service as unknown as P4RuntimeDefinition;
/** Made as every client of grpc-js is: address, credentials, options. */
export const P4RuntimeStub = P4Runtime as unknown as new (
  ...args: ConstructorParameters<ServiceClientConstructor>
) => P4RuntimeClient;

const root = protobuf.Root.fromJSON(protos());
const statusType = root.lookupType('google.rpc.Status');
const errorType = root.lookupType('p4.v1.Error');
const errorUrl = 'type.googleapis.com/p4.v1.Error';

/** The trailer in which gRPC has a status with details. */
export const statusTrailer = 'grpc-status-details-bin';

/** How each update of a batch went, from the trailer of a Write. */
export function decodeBatchErrors(trailer: Buffer): Error__Output[] {
  const { details } = statusType.toObject(statusType.decode(trailer), conversion) as unknown as Status__Output;
  return details.map((any) => {
    const { value } = any as unknown as { value: Buffer };
    return errorType.toObject(errorType.decode(value), conversion) as unknown as Error__Output;
  });
}

/** The trailer of a Write of which some updates failed. */
export function encodeBatchErrors(code: number, errors: readonly { canonicalCode: number; message: string }[]): Buffer {
  const details = errors.map((error) => ({ type_url: errorUrl, value: errorType.encode(error).finish() }));
  return Buffer.from(statusType.encode(statusType.fromObject({ code, message: 'see details', details })).finish());
}
