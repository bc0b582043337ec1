/** Expressions of Helm in objects that are written as YAML. */
import { stringify } from 'yaml';

const open = '__helm<';
const close = '>__';

/** A value that Helm's templates compute, e.g. `.Values.replicas`. It must come out as one YAML scalar or as JSON. */
export const helm = (expression: string): string => `${open}${expression}${close}`;

/**
 * A template of these documents.
 *
 * @throws Error when an object has text that Helm would take as an expression
 */
export function template(documents: readonly object[]): string {
  return documents.map(templateOf).join('---\n');
}

function templateOf(document: object): string {
  const text = stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
  if (text.includes('{{')) throw new Error(`{{ in ${JSON.stringify(document).slice(0, 200)}`);
  return text.replaceAll(new RegExp(`${open}(.*?)${close}`, 'g'), '{{ $1 }}');
}

/** @param condition of Helm, e.g. `.Values.policies.enabled` */
export const onlyIf = (condition: string, text: string): string => `{{- if ${condition} }}\n${text}{{- end }}\n`;
