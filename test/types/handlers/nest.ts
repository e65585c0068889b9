import { Body, Controller, Get, Param, Post, Query, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { KeycloakGuard, Principal, Roles } from 'keycloak-guard/nest';

class Order {
  readonly item!: string;
}

@Controller('orders')
@UseGuards(KeycloakGuard)
export class OrdersController {
  @Get(':id')
  one(@Param('id') id: string, @Query('tab') tab: string | undefined, @Principal() principal: Principal) {
    return { id, tab, by: principal.username };
  }

  @Post()
  @Roles('user')
  create(@Body() order: Order, @Req() request: Request) {
    return { item: order.item, from: request.ip, also: request.body.item };
  }
}
