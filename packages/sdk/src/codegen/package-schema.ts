/** JSON schema of a plugin's package.json, for editors. */
import { z } from 'zod';
import { pluginManifest } from '../manifest/schema.ts';

/**
 * Draft 7, which editors know best. It holds for the whole file: they take `$schema` at the root of a document only, and
 * that in place of what they know of package.json themselves.
 */
export function packageSchema(): object {
  const packageJson = z.looseObject({ dpu: pluginManifest });
  const schema = z.toJSONSchema(packageJson, { io: 'input', target: 'draft-7' });
  return { ...schema, allOf: [{ $ref: 'https://json.schemastore.org/package.json' }] };
}
