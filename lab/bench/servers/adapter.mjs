// One small app in each framework, with keycloak-guard's adapter or without any: FRAMEWORK, GUARD.
import { createServer } from 'node:http';
import Router from '@koa/router';
import express from 'express';
import Koa from 'koa';
import { keycloak as forExpress } from '../../../packages/guard/dist/express/index.js';
import { keycloak as forKoa } from '../../../packages/guard/dist/koa/index.js';
import { keycloak as forNode } from '../../../packages/guard/dist/node/index.js';
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
    return isGuarded ? forNode(options).guard({}, answer) : answer;
  },
  express() {
    const answer = (request, response) => response.json(answerTo(request.principal));
    return express().get('/protected', ...(isGuarded ? [forExpress(options).guard()] : []), answer);
  },
  koa() {
    const answer = (ctx) => {
      ctx.body = answerTo(ctx.state.principal);
    };
    const router = new Router().get('/protected', ...(isGuarded ? [forKoa(options).guard()] : []), answer);
    return new Koa().use(router.routes()).callback();
  },
};
createServer(APPS[process.env.FRAMEWORK]()).listen(Number(PORT), '127.0.0.1');
