/** Reads the proto files. */
import { join } from 'node:path';
// Registers google/protobuf/field_mask.proto and its like with protobufjs.
import '@grpc/proto-loader';
import protobuf from 'protobufjs';

/** @param keepCase Names of fields as in the files; else in camel case. */
export function loadProtos(directory: string, files: readonly string[], keepCase: boolean): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target.startsWith('google/') ? target : join(directory, target));
  root.loadSync([...files], { keepCase }).resolveAll();
  return root;
}
