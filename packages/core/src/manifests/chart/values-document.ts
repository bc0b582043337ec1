import { Document, isMap, isScalar, type YAMLMap } from 'yaml';
import { z } from 'zod';
import { type DeploymentOptions, defaults } from '../deployment.ts';
import { imageParts } from '../image.ts';
import { values } from './values.ts';

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
}

/**
 * The default values, each with what its schema says of it as a comment.
 *
 * @param images that the chart installs unless it is told otherwise
 */
export function valuesDocument(images: DeploymentOptions['images']): string {
  const named = {
    operator: imageValues(images.operator, defaults.images.operator),
    vsp: imageValues(images.vsp, defaults.images.vsp),
  };
  const document = new Document(values.parse({ images: named }));
  if (isMap(document.contents)) comment(document.contents, z.toJSONSchema(values, { io: 'input' }) as Schema);
  return document.toString({ lineWidth: 0 });
}

/** Those that nobody has named have the chart's version for their tag. */
function imageValues(image: string, named: string): object {
  if (image === named) return {};
  const { repository, tag, digest } = imageParts(image);
  return omitUndefined({ repository, tag, digest });
}

function omitUndefined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
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
  return `${JSON.stringify(z.toJSONSchema(values, { io: 'output' }), undefined, 2)}\n`;
}
