import { Document, isMap, isScalar, type YAMLMap } from 'yaml';
import { z } from 'zod';
import { values } from './values.ts';

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
}

/** The default values, each with what its schema says of it as a comment. */
export function valuesDocument(): string {
  const document = new Document(values.parse({}));
  if (isMap(document.contents)) comment(document.contents, z.toJSONSchema(values, { io: 'input' }) as Schema);
  return document.toString({ lineWidth: 0 });
}

function comment(map: YAMLMap, { properties = {} }: Schema): void {
  for (const { key, value } of map.items) {
    if (!isScalar(key)) continue;
    const schema = properties[String(key.value)];
    if (schema?.description) key.commentBefore = ` ${schema.description}`;
    if (isMap(value) && schema) comment(value, schema);
  }
}

export function valuesSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(values, { io: 'input' }), undefined, 2)}\n`;
}
