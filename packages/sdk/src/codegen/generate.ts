/**
 * Writes what follows from the protos, the manifest's zod schema and package.json, so that nothing needs a file beside
 * it at run time. `--check` writes nothing and fails when something is out of date.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { packageSchema } from './package-schema.ts';
import { loadProtos } from './protos.ts';
import { reflectionIndex } from './reflection.ts';
import { writeFiles } from './write-files.ts';

const sdk = join(import.meta.dirname, '../..');
const protoDirectory = join(sdk, 'proto');
const protoFiles = globSync('**/*.proto', { cwd: protoDirectory }).sort();

/** Message and service types by proto-loader-gen-types; the options are those of src/wire/grpc/definitions.ts. */
function typeFiles(): Map<string, string> {
  const loader = createRequire(import.meta.url).resolve('@grpc/proto-loader/package.json');
  const program = join(dirname(loader), 'build/bin/proto-loader-gen-types.js');
  const output = mkdtempSync(join(tmpdir(), 'dpu-sdk-types-'));
  try {
    const options = ['--longs=String', '--enums=String', '--defaults', '--oneofs', '--grpcLib=@grpc/grpc-js'];
    const places = ['--importFileExtension=.ts', '-I', 'proto', '-O', output];
    execFileSync(process.execPath, [program, ...options, ...places, '--', ...protoFiles], { cwd: sdk });
    // The files at the top only gather client constructors, which nobody here uses.
    const names = globSync('*/**/*.ts', { cwd: output }).filter(
      (name) => !name.startsWith('google/protobuf/descriptor'),
    );
    return new Map(
      names.map((name) => [`src/generated/${name}`, slim(name, readFileSync(join(output, name), 'utf8'))]),
    );
  } finally {
    rmSync(output, { recursive: true });
  }
}

/**
 * Without types of other packages, which whoever uses the SDK would have to install: of a service only its methods, and
 * no Long, as 64-bit integers are text.
 */
function slim(name: string, text: string): string {
  const messages = text.replace(/^import type \{ Long \}.*\n\n?/m, '').replaceAll(' | Long)', ')');
  const definition = /^export interface (\w+)Definition extends grpc\.ServiceDefinition \{\n([^}]*)\}/m.exec(text);
  if (!definition) return messages;
  const [, service, methods = ''] = definition;
  const imports = text.split('\n').filter((line) => /^import .* from '\.{1,2}\//.test(line));
  const root = '../'.repeat(name.split('/').length);
  return [
    text.split('\n')[0],
    '',
    `import type { Method } from '${root}wire/grpc/method.ts';`,
    ...imports,
    '',
    `export type ${service} = {`,
    `${methods.replaceAll('MethodDefinition<', 'Method<')}};`,
    '',
  ].join('\n');
}

function generate(): Map<string, string> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8')));
  const protos = loadProtos(protoDirectory, protoFiles, false).toJSON();
  const reflection = reflectionIndex(loadProtos(protoDirectory, protoFiles, true));
  return new Map([
    ...typeFiles(),
    ['src/generated/protos.ts', embedded('protos', 'INamespace', 'protobufjs', protos)],
    [
      'src/generated/reflection.ts',
      embedded('reflection', 'ReflectionIndex', '../host/services/file-descriptors.ts', reflection),
    ],
    ['src/generated/version.ts', `export const sdkVersion = '${version}';\n`],
    ['package.schema.json', `${JSON.stringify(packageSchema(), undefined, 2)}\n`],
  ]);
}

/** A module with a function that parses the data: V8 reads a string much faster than an object literal. */
function embedded(name: string, type: string, module: string, data: object): string {
  const text = JSON.stringify(JSON.stringify(data));
  return `import type { ${type} } from '${module}';\n\nexport const ${name} = (): ${type} => JSON.parse(${text});\n`;
}

const wanted = generate();
const present = globSync('src/generated/**/*.{ts,json}', { cwd: sdk });
const outdated = writeFiles(sdk, wanted, present);
if (outdated.length > 0) {
  console.error(`out of date: ${outdated.join(', ')}; run: node packages/sdk/src/codegen/generate.ts`);
  process.exitCode = 1;
}
