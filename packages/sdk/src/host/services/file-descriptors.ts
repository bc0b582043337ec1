/** Reads of serialised FileDescriptorProtos what reflection goes by: their names, imports and symbols. */
import protobuf from 'protobufjs/light.js';

/** Made by src/codegen/reflection.ts. */
export interface ReflectionIndex {
  /** Full name of a service, method, message or enum -> file. */
  symbols: Record<string, string>;
  /** File -> its serialised FileDescriptorProto in base64, and the files it imports. */
  files: Record<string, { descriptor: string; dependencies: string[] }>;
}

const named = { fields: { name: { type: 'string', id: 1 } } };
/** The fields of google/protobuf/descriptor.proto that are needed; the others are passed over. */
const root = protobuf.Root.fromJSON({
  nested: {
    Named: named,
    File: {
      fields: {
        name: { type: 'string', id: 1 },
        package: { type: 'string', id: 2 },
        dependency: { rule: 'repeated', type: 'string', id: 3 },
        messageType: { rule: 'repeated', type: 'Named', id: 4 },
        enumType: { rule: 'repeated', type: 'Named', id: 5 },
        service: { rule: 'repeated', type: 'Named', id: 6 },
      },
    },
  },
});

interface File {
  name: string;
  package: string;
  dependency: string[];
  messageType: { name: string }[];
  enumType: { name: string }[];
  service: { name: string }[];
}

/** Adds files to an index; those of the same name stay as they are. */
export function addFiles(index: ReflectionIndex, descriptors: Iterable<Uint8Array>): void {
  const type = root.lookupType('File');
  for (const bytes of descriptors) {
    const file = type.toObject(type.decode(bytes), { defaults: true, arrays: true }) as File;
    if (index.files[file.name]) continue;
    const descriptor = Buffer.from(bytes).toString('base64');
    index.files[file.name] = { descriptor, dependencies: file.dependency };
    const prefix = file.package === '' ? '' : `${file.package}.`;
    for (const { name } of [...file.messageType, ...file.enumType, ...file.service]) {
      index.symbols[`${prefix}${name}`] ??= file.name;
    }
  }
}
