/** For programs of this repository that serve gRPC themselves; not published. */

export { omitUndefined } from '../omit-undefined.ts';
export { grpcService } from './grpc-service.ts';
export { addUnaryService } from './unary.ts';
