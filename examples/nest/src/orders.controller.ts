import { Controller, Delete, Get, HttpCode, NotFoundException, Param } from '@nestjs/common';
import { KeycloakService, OptionalAuth, Principal, Roles } from 'keycloak-guard/nest';

interface Order {
  readonly id: string;
  readonly owner: string;
}

@Controller('orders')
@Roles('user')
export class OrdersController {
  private readonly orders: Order[] = [
    { id: '1', owner: 'ali' },
    { id: '2', owner: 'sara' },
  ];

  constructor(private readonly keycloak: KeycloakService) {}

  /** Everybody sees their own, an administrator all. */
  @Get()
  all(@Principal() principal: Principal): Order[] {
    const seesAll = this.keycloak.has(principal, { realmRole: 'admin' });
    return this.orders.filter((order) => seesAll || order.owner === principal.username);
  }

  @Get('count')
  @OptionalAuth()
  count(): object {
    return { orders: this.orders.length };
  }

  /** The role of the class and that of the handler: both. */
  @Delete(':id')
  @Roles('admin')
  @HttpCode(204)
  remove(@Param('id') id: string): void {
    const at = this.orders.findIndex((order) => order.id === id);
    if (at === -1) throw new NotFoundException();
    this.orders.splice(at, 1);
  }
}
