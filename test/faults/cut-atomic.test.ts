import { cutEverywhere } from './cut.ts';

cutEverywhere('atomic');
