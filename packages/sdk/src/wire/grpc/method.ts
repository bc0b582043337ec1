/**
 * A method as grpc-js takes it. What is sent (`In`) may leave fields out; what arrives (`Out`) has them all.
 */
export interface Method<RequestIn, ResponseIn, RequestOut, ResponseOut> {
  /** `/package.Service/Method`. */
  path: string;
  requestStream: boolean;
  responseStream: boolean;
  requestSerialize(value: RequestIn): Buffer;
  requestDeserialize(bytes: Buffer): RequestOut;
  responseSerialize(value: ResponseIn): Buffer;
  responseDeserialize(bytes: Buffer): ResponseOut;
}
