import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { fileError, kernelError } from './kernel-error.ts';

const { errno } = constants;

test.each([
  [errno.ENODEV, 'NOT_FOUND'],
  [errno.EEXIST, 'ALREADY_EXISTS'],
  [errno.EBUSY, 'FAILED_PRECONDITION'],
  [errno.ERANGE, 'INVALID_ARGUMENT'],
  [errno.EPERM, 'PERMISSION_DENIED'],
  [errno.EMFILE, 'RESOURCE_EXHAUSTED'],
  [errno.EOPNOTSUPP, 'UNIMPLEMENTED'],
  [errno.EIO, 'INTERNAL'],
])('%i is %s', (number, code) => {
  expect(kernelError(number, 'link x')).toMatchObject({ code });
});

test('the kernel’s own words go before those of its number', () => {
  expect(kernelError(errno.EINVAL, 'link x', 'mtu greater than device maximum').message).toBe(
    'link x: mtu greater than device maximum (EINVAL)',
  );
  expect(kernelError(errno.EBUSY, 'link x').message).toBe('link x: resource busy or locked (EBUSY)');
  expect(kernelError(4_000, 'link x').message).toBe('link x: no description (errno 4000)');
});

test('what a file operation threw is told by the same table', () => {
  const thrown = Object.assign(new Error('ENOENT: no such file'), { errno: -errno.ENOENT });
  expect(fileError(thrown, 'netns')).toMatchObject({ code: 'NOT_FOUND' });
  expect(fileError(new Error('without null bytes'), 'netns')).toMatchObject({ code: 'INVALID_ARGUMENT' });
});
