/** Lays out what the reflection service answers. */
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import type { ReflectionIndex } from '../host/services/file-descriptors.ts';

/**
 * One file for each package. The descriptors are made here because protobufjs's own leave out imports and
 * proto3_optional and misname map entries, without which grpcurl links nothing.
 *
 * @param root Loaded with keepCase.
 */
export function reflectionIndex(root: protobuf.Root): ReflectionIndex {
  const index: ReflectionIndex = { symbols: {}, files: {} };
  for (const namespace of packages(root)) {
    const imports = new Set<string>();
    const symbols: string[] = [];
    const reference = (target: protobuf.ReflectionObject) => {
      let owner = target.parent;
      while (owner instanceof protobuf.Type) owner = owner.parent;
      if (owner && owner !== namespace) imports.add(fileName(owner));
      return target.fullName;
    };
    const named = (object: protobuf.ReflectionObject) => {
      symbols.push(object.fullName.slice(1));
      return object.name;
    };
    const messageType = ofKind(namespace, protobuf.Type).map((type) => messageDescriptor(type, named, reference));
    const enumType = ofKind(namespace, protobuf.Enum).map((type) => enumDescriptor(type, named));
    const service = ofKind(namespace, protobuf.Service).map((each) => ({
      name: named(each),
      method: each.methodsArray.map((method) => ({
        name: named(method),
        inputType: reference(resolved(method.resolvedRequestType)),
        outputType: reference(resolved(method.resolvedResponseType)),
        clientStreaming: method.requestStream ?? false,
        serverStreaming: method.responseStream ?? false,
      })),
    }));
    const dependencies = [...imports].sort();
    const name = fileName(namespace);
    const file = { name, package: namespace.fullName.slice(1), syntax: 'proto3', dependency: dependencies };
    const message = descriptor.FileDescriptorProto.fromObject({ ...file, messageType, enumType, service });
    const bytes = descriptor.FileDescriptorProto.encode(message).finish();
    index.files[name] = { descriptor: Buffer.from(bytes).toString('base64'), dependencies };
    for (const symbol of symbols) index.symbols[symbol] = name;
  }
  return index;
}

type Named = (object: protobuf.ReflectionObject) => string;
type Reference = (target: protobuf.ReflectionObject) => string;

function messageDescriptor(type: protobuf.Type, named: Named, reference: Reference): object {
  const maps = type.fieldsArray.filter((field) => field instanceof protobuf.MapField);
  return {
    name: named(type),
    field: type.fieldsArray.map((field) => fieldDescriptor(type, field, reference)),
    oneofDecl: type.oneofsArray.map(({ name }) => ({ name })),
    nestedType: [
      ...ofKind(type, protobuf.Type).map((nested) => messageDescriptor(nested, named, reference)),
      ...maps.map((field) => ({
        name: entryName(field),
        field: [
          { name: 'key', number: 1, label: 'LABEL_OPTIONAL', type: scalar(field.keyType) },
          { name: 'value', number: 2, label: 'LABEL_OPTIONAL', ...typeOf(field, reference) },
        ],
        options: { mapEntry: true },
      })),
    ],
    enumType: ofKind(type, protobuf.Enum).map((nested) => enumDescriptor(nested, named)),
  };
}

function fieldDescriptor(type: protobuf.Type, field: protobuf.Field, reference: Reference): object {
  const isMap = field instanceof protobuf.MapField;
  return {
    name: field.name,
    jsonName: field.name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
    number: field.id,
    label: field.repeated || isMap ? 'LABEL_REPEATED' : 'LABEL_OPTIONAL',
    ...(isMap ? { type: 'TYPE_MESSAGE', typeName: `${type.fullName}.${entryName(field)}` } : typeOf(field, reference)),
    ...(field.partOf && { oneofIndex: type.oneofsArray.indexOf(field.partOf) }),
    ...(field.partOf?.isProto3Optional && { proto3Optional: true }),
  };
}

function typeOf(field: protobuf.Field, reference: Reference): { type: string; typeName?: string } {
  const target = field.resolvedType;
  if (!target) return { type: scalar(field.type) };
  return { type: target instanceof protobuf.Enum ? 'TYPE_ENUM' : 'TYPE_MESSAGE', typeName: reference(target) };
}

function enumDescriptor(type: protobuf.Enum, named: Named): object {
  return { name: named(type), value: Object.entries(type.values).map(([name, number]) => ({ name, number })) };
}

/** protoc's name for the message that a map's entries are. */
function entryName(field: protobuf.Field): string {
  return `${field.name.replace(/(?:^|_)([a-z])/g, (_all, letter: string) => letter.toUpperCase())}Entry`;
}

function scalar(type: string): string {
  return `TYPE_${type.toUpperCase()}`;
}

function fileName(namespace: protobuf.ReflectionObject): string {
  return `${namespace.fullName.slice(1).replaceAll('.', '/')}.proto`;
}

function packages(namespace: protobuf.NamespaceBase): protobuf.NamespaceBase[] {
  const inner = namespace.nestedArray.filter(
    (object): object is protobuf.Namespace =>
      object instanceof protobuf.Namespace &&
      !(object instanceof protobuf.Type) &&
      !(object instanceof protobuf.Service),
  );
  const holdsTypes = namespace.nestedArray.length > inner.length;
  return [...(holdsTypes ? [namespace] : []), ...inner.flatMap(packages)];
}

function ofKind<T extends protobuf.ReflectionObject>(
  namespace: protobuf.NamespaceBase,
  kind: abstract new (...args: never[]) => T,
): T[] {
  return namespace.nestedArray.filter((object): object is T & protobuf.ReflectionObject => object instanceof kind);
}

function resolved(type: protobuf.Type | null): protobuf.Type {
  if (!type) throw new Error('resolveAll() was not called');
  return type;
}
