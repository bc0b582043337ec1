import { expect, test } from 'vitest';
import { getLanguageService, type JSONDocument, TextDocument } from 'vscode-json-languageservice';
import vspMock from '../../../vsp-mock/package.json' with { type: 'json' };
import { packageSchema } from './package-schema.ts';

/** As VS Code does with a package.json that names the schema at its root. */
async function editor(packageJson: object) {
  const remote: string[] = [];
  const service = getLanguageService({
    schemaRequestService: async (uri) => {
      remote.push(uri);
      return JSON.stringify(uri.endsWith('/package.schema.json') ? packageSchema() : {});
    },
    workspaceContext: { resolveRelativePath: (path, resource) => new URL(path, resource).href },
  });
  const text = JSON.stringify({ $schema: './package.schema.json', ...packageJson }, undefined, 2);
  const document = TextDocument.create('file:///plugin/package.json', 'json', 1, text);
  const parsed: JSONDocument = service.parseJSONDocument(document);
  const problems = (await service.doValidation(document, parsed)).map(({ message }) => message);
  const offset = text.indexOf('"pod": {') + '"pod": {'.length;
  const completions = await service.doComplete(document, document.positionAt(offset), parsed);
  return { problems, remote, completions: completions?.items.map(({ label }) => label) ?? [] };
}

test('an editor finds nothing wrong with the manifest of the software DPU, and keeps what it knows of package.json', async () => {
  const { problems, remote } = await editor(vspMock);
  expect(problems).toEqual([]);
  expect(remote).toContain('https://json.schemastore.org/package.json');
});

test('an editor marks what is wrong with a manifest, and offers its fields', async () => {
  const { dpu } = vspMock;
  const { problems, completions } = await editor({
    dpu: { ...dpu, contract: 1, products: [], programmes: [], pod: { capabilities: ['NET_ADMN'] } },
  });
  expect(problems).toEqual(
    expect.arrayContaining([
      expect.stringContaining('Incorrect type. Expected "string"'),
      expect.stringContaining('Array has too few items'),
      expect.stringContaining('Valid values: "AUDIT_CONTROL"'),
      expect.stringContaining('Property programmes is not allowed'),
    ]),
  );
  expect(completions).toEqual(expect.arrayContaining(['hostPaths', 'privileged']));
});
