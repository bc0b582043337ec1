/** The kinds with every field, from the CustomResourceDefinitions that `make manifests` writes. */
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { repositoryRoot } from '../../test/cluster/paths.ts';

interface Schema {
  type?: string | undefined;
  description?: string | undefined;
  default?: unknown;
  enum?: unknown[] | undefined;
  required?: string[] | undefined;
  properties?: Record<string, Schema> | undefined;
  items?: Schema | undefined;
  additionalProperties?: Schema | boolean | undefined;
  'x-kubernetes-validations'?: { message?: string | undefined }[] | undefined;
}

const definition = z.object({
  spec: z.object({
    group: z.string(),
    scope: z.string(),
    names: z.object({ kind: z.string(), plural: z.string(), shortNames: z.array(z.string()).optional() }),
    versions: z.tuple([z.object({ name: z.string(), schema: z.object({ openAPIV3Schema: z.custom<Schema>() }) })]),
  }),
});
type Definition = z.infer<typeof definition>['spec'];

export async function kindsReference(): Promise<string> {
  const files = globSync('config/crd/*.yaml', { cwd: repositoryRoot }).filter(
    (file) => !file.includes('kustomization'),
  );
  const texts = await Promise.all(files.sort().map((file) => readFile(join(repositoryRoot, file), 'utf8')));
  const kinds = texts.map((text) => definition.parse(parse(text)).spec);
  return ['# Kinds', 'Generated from the schemas; `kubectl explain` says the same.', ...kinds.map(kindPage)].join(
    '\n\n',
  );
}

/** The part of the page that is about one kind. */
function kindPage({ group, scope, names, versions: [version] }: Definition): string {
  const { openAPIV3Schema: schema } = version.schema;
  const short = names.shortNames ? `, short \`${names.shortNames.join('`, `')}\`` : '';
  return [
    `## ${names.kind}`,
    `\`${group}/${version.name}\`, ${scope.toLowerCase()}, \`${names.plural}\`${short}.`,
    ...rulesOf(schema),
    ...['spec', 'status'].flatMap((part) => partOf(part, schema.properties?.[part])),
  ].join('\n\n');
}

function partOf(name: string, schema: Schema | undefined): string[] {
  if (!schema?.properties) return [];
  // A list, as a table of three columns is too wide for a phone.
  const fields = fieldsOf(schema, '').map(({ path, schema, required }) => {
    const type = `${typeOf(schema)}${required ? ', required' : ''}`;
    return `- **\`${path}\`** (${type})  \n  ${inline(textOf(schema))}`.trimEnd();
  });
  return [`**${name}**`, fields.join('\n')];
}

interface Field {
  path: string;
  schema: Schema;
  required: boolean;
}

/** Every field below a schema; those of a list's items behind `[]`. */
function fieldsOf(schema: Schema, prefix: string): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const below = field.items ? fieldsOf(field.items, `${path}[].`) : fieldsOf(field, `${path}.`);
    return [{ path, schema: field, required: schema.required?.includes(name) ?? false }, ...below];
  });
}

function typeOf({ type, items, additionalProperties, enum: values }: Schema): string {
  if (values) return values.map((value) => `\`${value}\``).join(', ');
  if (items) return `list of ${typeOf(items)}`;
  if (additionalProperties) return 'map';
  return type ?? 'any';
}

function textOf(schema: Schema): string {
  const standard = schema.default === undefined ? '' : `Default: \`${JSON.stringify(schema.default)}\`.`;
  return [schema.description, standard, ...rulesOf(schema)].filter(Boolean).join(' ');
}

/** What is refused, as the API server says it. */
function rulesOf(schema: Schema): string[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap(({ message }) => (message ? [`Refused: ${message}.`] : []));
}

/** Text of a schema within a line: no HTML of its own. */
function inline(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('{', '&#123;').replaceAll('\n', ' ');
}
