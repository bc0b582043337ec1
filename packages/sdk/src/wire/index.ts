/** For programs of this repository that serve gRPC themselves; not published. */
export { omitUndefined } from '../omit-undefined.ts';
export { grpcService } from './grpc-service.ts';
export { fromServiceError } from './service-error.ts';
export { addUnaryService, type UnaryCall } from './unary.ts';
