export { TtrpcMethod } from './ttrpc-method.decorator.js';
export { TtrpcService, type TtrpcServiceOptions } from './ttrpc-service.decorator.js';
