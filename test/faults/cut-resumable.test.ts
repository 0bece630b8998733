import { cutEverywhere } from './cut.ts';

cutEverywhere('resumable');
