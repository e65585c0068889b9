#!/usr/bin/env node
import { runService } from './run.ts';

process.exitCode = await runService();
