// One small app in each framework, with keycloak-guard's adapter or without any: FRAMEWORK, GUARD.
import { createServer } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import Router from '@koa/router';
import express from 'express';
import { Hono } from 'hono';
import Koa from 'koa';
import { keycloak as forExpress } from '../../../packages/guard/dist/adapters/express/index.js';
import { keycloak as forFetch } from '../../../packages/guard/dist/adapters/fetch/index.js';
import { keycloak as forHono } from '../../../packages/guard/dist/adapters/hono/index.js';
import { keycloak as forKoa } from '../../../packages/guard/dist/adapters/koa/index.js';
import { keycloak as forNode } from '../../../packages/guard/dist/adapters/node/index.js';
import { CLIENT_ID, PORT, REALM, SERVER_URL, toAnswer } from './settings.mjs';

const options = { serverUrl: SERVER_URL, realm: REALM, clientId: CLIENT_ID };
const isGuarded = process.env.GUARD === 'on';
const somebody = {
  preferred_username: 'abdullah',
  email: 'abdullah@example.com',
  name: 'Abdullah Alqahtani',
};
const answerTo = (principal) => toAnswer(isGuarded ? principal.claims : somebody);

const APPS = {
  node() {
    const answer = (request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answerTo(request.principal)));
    };
    return createServer(isGuarded ? forNode(options).guard({}, answer) : answer);
  },
  express() {
    const answer = (request, response) => response.json(answerTo(request.principal));
    const guards = isGuarded ? [forExpress(options).guard()] : [];
    return createServer(express().get('/protected', ...guards, answer));
  },
  koa() {
    const answer = (ctx) => {
      ctx.body = answerTo(ctx.state.principal);
    };
    const router = new Router().get('/protected', ...(isGuarded ? [forKoa(options).guard()] : []), answer);
    return createServer(new Koa().use(router.routes()).callback());
  },
  hono() {
    const answer = (c) => c.json(answerTo(c.get('principal')));
    const guards = isGuarded ? [forHono(options).guard()] : [];
    return createAdaptorServer(new Hono().get('/protected', ...guards, answer));
  },
  /** What Hono's server does for Node, and no router. */
  fetch() {
    const answer = (_request, found) => Response.json(answerTo(found?.principal));
    return createAdaptorServer({ fetch: isGuarded ? forFetch(options).guard({}, answer) : answer });
  },
};
APPS[process.env.FRAMEWORK]().listen(Number(PORT), '127.0.0.1');
