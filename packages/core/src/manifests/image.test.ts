import { expect, test } from 'vitest';
import { imageParts, replacement } from './image.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

test.each([
  ['quay.io/me/operator:1.0', { newName: 'quay.io/me/operator', newTag: '1.0' }],
  ['host:5000/operator:dev', { newName: 'host:5000/operator', newTag: 'dev' }],
  [`host:5000/operator@${digest}`, { newName: 'host:5000/operator', digest }],
  [`host:5000/operator:dev@${digest}`, { newName: 'host:5000/operator', digest }],
])('%s is what Kustomize replaces an image by', (image, said) => {
  expect(replacement('a', image)).toEqual({ name: 'a', ...said });
});

test.each(['operator', 'host:5000/operator', 'operator:', 'operator@sha256:ab', 'a b:1', ''])(
  '%s is refused',
  (image) => {
    expect(() => imageParts(image)).toThrow('must be <repository>:<tag> or <repository>@sha256:<64 hex digits>');
  },
);
