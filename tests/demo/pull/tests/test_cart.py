import pytest

from shop.cart import Cart, OutOfStock


def test_add_and_total():
    cart = Cart(stock={"tea": 5})
    cart.add("tea", 2)
    cart.add("tea")
    assert cart.total({"tea": 300}) == 900


def test_not_more_than_in_stock():
    with pytest.raises(OutOfStock):
        Cart(stock={"tea": 1}).add("tea", 2)


def test_discount_on_a_large_order():
    cart = Cart(stock={"tea": 5})
    cart.add("tea", 5)
    assert cart.total({"tea": 300}, "vip") == 1125


def test_remove_some():
    cart = Cart(stock={"tea": 5})
    cart.add("tea", 5)
    cart.remove("tea", 2)
    assert cart.items == {"tea": 3}
