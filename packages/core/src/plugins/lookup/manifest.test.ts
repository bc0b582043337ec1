import { expect, test } from 'vitest';
import { checkManifest } from './manifest.ts';

test('a manifest that the status of a VendorPlugin cannot hold is refused', () => {
  expect(() => checkManifest({ contract: '^1.0.0', products: ['x'.repeat(200_000)] })).toThrow(
    /^it has 200\d\d\d characters, may have 131072$/,
  );
});
