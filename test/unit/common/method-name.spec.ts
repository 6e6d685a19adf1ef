import { expect, it } from '@jest/globals';
import { capitalised, uncapitalised } from '../../../src/common/method-name.js';

it('changes the first letter alone', () => {
  expect(['sayHello', 'SayHello', ''].map(capitalised)).toEqual(['SayHello', 'SayHello', '']);
  expect(['sayHello', 'SayHello', 'URL', ''].map(uncapitalised)).toEqual(['sayHello', 'sayHello', 'uRL', '']);
});
