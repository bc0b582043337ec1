/** What the kernel's error numbers mean to callers: the one table of it. */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { DpuError, type ErrorCode } from '../../../errors.ts';

const { errno } = constants;

const codes = new Map<number, ErrorCode>([
  [errno.ENODEV, 'NOT_FOUND'],
  [errno.ENOENT, 'NOT_FOUND'],
  [errno.ENOTDIR, 'NOT_FOUND'],
  [errno.ENXIO, 'NOT_FOUND'],
  [errno.ESRCH, 'NOT_FOUND'],
  [errno.EEXIST, 'ALREADY_EXISTS'],
  [errno.EBUSY, 'FAILED_PRECONDITION'],
  [errno.ENETDOWN, 'FAILED_PRECONDITION'],
  [errno.ENETUNREACH, 'FAILED_PRECONDITION'],
  [errno.EHOSTUNREACH, 'FAILED_PRECONDITION'],
  [errno.EINVAL, 'INVALID_ARGUMENT'],
  [errno.ERANGE, 'INVALID_ARGUMENT'],
  [errno.ENAMETOOLONG, 'INVALID_ARGUMENT'],
  [errno.EADDRNOTAVAIL, 'INVALID_ARGUMENT'],
  [errno.EPERM, 'PERMISSION_DENIED'],
  [errno.EACCES, 'PERMISSION_DENIED'],
  [errno.EOPNOTSUPP, 'UNIMPLEMENTED'],
  [errno.EMFILE, 'RESOURCE_EXHAUSTED'],
  [errno.ENFILE, 'RESOURCE_EXHAUSTED'],
  [errno.ENOMEM, 'RESOURCE_EXHAUSTED'],
  [errno.ENOBUFS, 'RESOURCE_EXHAUSTED'],
]);

/**
 * @param number positive
 * @param what was asked of the kernel
 * @param reason the kernel's own description, where it has any (extended acknowledgement)
 */
export function kernelError(number: number, what: string, reason?: string): DpuError {
  const [name, description] = getSystemErrorMap().get(-number) ?? [`errno ${number}`, 'no description'];
  return new DpuError(codes.get(number) ?? 'INTERNAL', `${what}: ${reason ?? description} (${name})`);
}

/** What node:fs threw, by the same table. */
export function fileError(error: unknown, what: string): DpuError {
  const number = error instanceof Error && 'errno' in error ? error.errno : undefined;
  if (typeof number === 'number') return kernelError(-number, what);
  // A path with NUL never reaches the kernel.
  return new DpuError('INVALID_ARGUMENT', `${what}: ${error instanceof Error ? error.message : error}`);
}
