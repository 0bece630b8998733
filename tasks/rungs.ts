#!/usr/bin/env node
import { main } from './_run.ts';

process.exitCode = await main(process.argv.slice(2));
