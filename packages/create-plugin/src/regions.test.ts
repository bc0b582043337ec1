import { describe, expect, test } from 'vitest';
import { keepRegions } from './regions.ts';

const text = `import type {
  // #region contract:bridge
  Bridge,
  // #endregion
  Device,
} from 'sdk';

export class Dpu {
  // #region contract:bridge,chains

  both();
  // #region contract:chains
  chains();
  // #endregion
  // #endregion
}
`;

test('keeps what belongs to a chosen contract', () => {
  expect(keepRegions(text, ['bridge'])).toBe(
    "import type { Bridge, Device } from 'sdk';\n\nexport class Dpu {\n  both();\n}\n",
  );
  expect(keepRegions(text, ['chains'])).toContain('  both();\n  chains();\n}');
  expect(keepRegions(text, [])).toBe("import type { Device } from 'sdk';\n\nexport class Dpu {\n}\n");
});

test('joins what fits into a line', () => {
  const seams = `import {
  type A,
  // #region contract:chains
  b,
  // #endregion
  type C,
} from 'sdk';

export const serves: string[] = [
  // #region contract:bridge
  'bridge',
  // #endregion
  // #region contract:chains
  'chains',
  // #endregion
];
`;
  expect(keepRegions(seams, ['bridge'])).toBe(
    "import type { A, C } from 'sdk';\n\nexport const serves: string[] = ['bridge'];\n",
  );
  expect(keepRegions(seams, ['bridge', 'chains'])).toBe(
    "import { type A, b, type C } from 'sdk';\n\nexport const serves: string[] = ['bridge', 'chains'];\n",
  );
});

test('leaves a file alone that has no regions', () => {
  expect(keepRegions('a\n\n\n\nb {\n\n}\n', [])).toBe('a\n\n\n\nb {\n\n}\n');
});

test('reads the comments of other languages', () => {
  expect(keepRegions('<!-- #region contract:bridge -->\n| a |\n<!-- #endregion -->\nb\n', [])).toBe('b\n');
  expect(keepRegions('<!-- #region dev -->\na\n<!-- #endregion -->\n', ['dev'])).toBe('a\n');
  expect(keepRegions('# #region contract:bridge\na\n# #endregion\nb\n', [])).toBe('b\n');
});

describe('tells a template that is wrong', () => {
  test.each([
    ['line 1: there is no part bridges', '// #region contract:bridges\n// #endregion'],
    ['line 2: #endregion without #region', 'a\n// #endregion'],
    ['1 #region without #endregion', '// #region contract:bridge'],
  ])('%s', (message, wrong) => {
    expect(() => keepRegions(wrong, [])).toThrow(message);
  });
});
