/** For programs of this repository that serve gRPC themselves; not published. */
export { omitUndefined } from '../omit-undefined.ts';
export { grpcService } from './grpc/grpc-service.ts';
export { fromServiceError } from './grpc/service-error.ts';
export { addUnaryService, type UnaryCall } from './grpc/unary.ts';
