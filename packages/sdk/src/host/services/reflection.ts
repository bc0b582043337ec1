import type { Server, ServerDuplexStream } from '@grpc/grpc-js';
import { type ErrorCode, errorCodes } from '../../errors.ts';
import type { ServerReflectionRequest__Output } from '../../generated/grpc/reflection/v1/ServerReflectionRequest.ts';
import type { ServerReflectionResponse } from '../../generated/grpc/reflection/v1/ServerReflectionResponse.ts';
import { reflection } from '../../generated/reflection.ts';
import { reflectionAlphaService, reflectionService } from '../../wire/grpc/definitions.ts';
import { addFiles, type ReflectionIndex } from './file-descriptors.ts';

/**
 * Server reflection, for grpcurl and the like. The package @grpc/reflection cannot be bundled, as it reads its proto
 * files, and its descriptors lack the imports that clients follow.
 *
 * @param services Answers the full names of what the server serves.
 * @param more Answers the files of what the plugin serves itself, once it is created.
 */
export function addReflection(
  server: Server,
  services: () => readonly string[],
  more: () => readonly Uint8Array[] | undefined,
): void {
  let index: ReflectionIndex | undefined;
  let isWhole = false;
  const ServerReflectionInfo = (
    call: ServerDuplexStream<ServerReflectionRequest__Output, ServerReflectionResponse>,
  ) => {
    // Parsed when somebody asks.
    index ??= reflection();
    const added = isWhole ? undefined : more();
    if (added) {
      addFiles(index, added);
      isWhole = true;
    }
    const files = index;
    call.on('data', (request: ServerReflectionRequest__Output) => call.write(answer(files, services(), request)));
    call.on('end', () => call.end());
  };
  server.addService(reflectionService, { ServerReflectionInfo });
  server.addService(reflectionAlphaService, { ServerReflectionInfo });
}

function answer(
  index: ReflectionIndex,
  services: readonly string[],
  request: ServerReflectionRequest__Output,
): ServerReflectionResponse {
  const common = { validHost: request.host, originalRequest: request };
  const error = (code: ErrorCode, errorMessage: string) => ({
    ...common,
    errorResponse: { errorCode: errorCodes[code], errorMessage },
  });
  const file = (name: string | undefined, wanted: string) => {
    const fileDescriptorProto = name === undefined ? [] : withImports(index, name);
    if (fileDescriptorProto.length === 0) return error('NOT_FOUND', `there is no ${wanted}`);
    return { ...common, fileDescriptorResponse: { fileDescriptorProto } };
  };
  switch (request.messageRequest) {
    case 'listServices':
      return { ...common, listServicesResponse: { service: services.map((name) => ({ name })) } };
    case 'fileByFilename':
      return file(request.fileByFilename, `file ${request.fileByFilename}`);
    case 'fileContainingSymbol': {
      const symbol = request.fileContainingSymbol ?? '';
      return file(index.symbols[symbol], `symbol ${symbol}`);
    }
    case 'fileContainingExtension':
    case 'allExtensionNumbersOfType':
      return error('NOT_FOUND', 'there are no extensions');
    default:
      return error('INVALID_ARGUMENT', 'the request asks for nothing');
  }
}

function withImports({ files }: ReflectionIndex, name: string): Buffer[] {
  const names = new Set([name]);
  for (const each of names) for (const dependency of files[each]?.dependencies ?? []) names.add(dependency);
  return [...names].flatMap((each) => (files[each] ? [Buffer.from(files[each].descriptor, 'base64')] : []));
}
