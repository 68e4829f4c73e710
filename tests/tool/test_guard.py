# SPDX-License-Identifier: GPL-2.0
"""Changes that do nothing, or lock somebody out, need the word "force"."""

import pytest

import sample
import uapi as u
from fakekernel import RTM_GETROUTE, RTM_NEWROUTE, Objects, Reply

OWN = '10.10.31.11'
DROPPED = 'dsrctl: {} is the last backend that takes new connections, and the ' \
          "service has {}: add another backend first, or add 'force'\n"
EMPTIES = ['backend delete {}', 'backend set {} down', 'backend set {} weight 0',
           'backend replace {} down']


def is_local(kernel, kind=2):
    """The kernel's answer about the way to an address of this machine."""
    kernel.objects[RTM_GETROUTE] = Objects(
        RTM_NEWROUTE, sample.route(OWN, 1, kind=kind))


def changes(kernel):
    """The requests that change something."""
    return [r.cmd for r in kernel.requests if r.generic and r.cmd not in (
        u.DSR_CMD_SERVICE_GET, u.DSR_CMD_BACKEND_GET)]


def refused(fake, kernel, line, error):
    """LINE is refused, except with "force"."""
    fake(line).check(2, error)
    assert not changes(kernel)
    kernel.requests.clear()
    fake(line, 'force').check(0)
    assert len(changes(kernel)) == len(kernel.requests) == 1


@pytest.mark.parametrize('command', ['add', 'replace'])
def test_own_address(fake, kernel, command):
    """A service of a whole address takes ssh, too."""
    is_local(kernel)
    refused(fake, kernel, f'service {command} vip {OWN}',
            f'dsrctl: {OWN} is an address of this machine: the service would '
            'take all its packets, also those of ssh: name proto and port, or '
            "add 'force'\n")
    kernel.requests.clear()
    fake(f'service {command} vip {OWN} proto tcp port 80').check(0)
    assert len(kernel.requests) == 1
    is_local(kernel, kind=1)
    fake(f'service {command} vip {OWN}').check(0)


@pytest.mark.parametrize('words', ['scheduler rr', 'persist off',
                                   'persist off tos none'])
def test_prefix(fake, kernel, words):
    refused(fake, kernel, f'service add fwmark 1 {words} persist-prefix 24',
            'dsrctl: persist-prefix has no effect without persistence: add '
            "'persist TIME', or 'force'\n")


@pytest.mark.parametrize('persist', [0, 1000])
def test_prefix_set(fake, kernel, persist):
    """The service may have persistence already."""
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        sample.service(1, 'sh', persist=persist))
    result = fake('service set fwmark 1 persist-prefix 24')
    assert result.status == (0 if persist else 2), result
    assert len(changes(kernel)) == (1 if persist else 0)


@pytest.mark.parametrize('words', ['fwmark 1 persist-prefix 32',
                                   'fwmark 1 family inet6 persist-prefix 128'])
def test_prefix_by_default(fake, kernel, words):
    """The default takes an earlier prefix back, as doctor advises."""
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        sample.service(1, 'sh', persist=0))
    fake(f'service set {words}').check(0)
    assert len(changes(kernel)) == 1


@pytest.mark.parametrize('line', ['service set fwmark 1',
                                  'backend set fwmark 1 via 10.0.0.1'])
def test_nothing(fake, kernel, line):
    words = ' '.join(line.split()[:2])
    refused(fake, kernel, line, f'dsrctl: {words}: nothing to change: name an '
            "option, or add 'force'\n")


def test_mask(fake, kernel):
    """The mask is changed by the key itself."""
    fake('service set fwmark 1/0xff').check(0)
    assert changes(kernel) == [u.DSR_CMD_SERVICE_SET]


@pytest.mark.parametrize('command', ['add', 'replace'])
def test_vip_as_backend(fake, kernel, command):
    refused(fake, kernel, f'backend {command} vip 10.0.0.1 via 10.0.0.1',
            'dsrctl: 10.0.0.1 is the VIP of the service: a backend is an '
            "address that the real server has itself; name that, or add 'force'\n")


@pytest.mark.parametrize('command', EMPTIES)
def test_last(fake, kernel, command):
    """No client could connect any more."""
    line = command.format(f'fwmark 1 via {sample.W101}')
    one = sample.backend(1, sample.W101, active=2, inactive=1)
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(one, sample.backend(
        1, sample.W102, admin=u.DSR_BACKEND_DRAINING), sample.backend(
            1, '10.10.30.103', weight=0))
    refused(fake, kernel, line, DROPPED.format(sample.W101, '2 established connections'))


@pytest.mark.parametrize('others', [
    [], [sample.backend(1, sample.W102, active=5)]])
@pytest.mark.parametrize('command', EMPTIES)
def test_not_last(fake, kernel, command, others):
    """Another takes connections, or there are none."""
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, sample.W101), *others)
    fake(command.format(f'fwmark 1 via {sample.W101}')).check(0)
    assert len(changes(kernel)) == 1


@pytest.mark.parametrize('command', EMPTIES[:3])
def test_out_already(fake, kernel, command):
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(sample.backend(
        1, sample.W101, active=1, admin=u.DSR_BACKEND_DOWN))
    fake(command.format(f'fwmark 1 via {sample.W101}')).check(0)


def test_batch(fake, kernel):
    """The words of all lines are checked first, the guards come later."""
    result = fake('-b -', stdin='service add fwmark 1\n'
                  'service set fwmark 1\nservice frob\n')
    assert result.status == 1 and not kernel.requests
    fake('-b -', stdin='service add fwmark 1\nservice set fwmark 1\n').check(
        2, 'dsrctl: -:2: service set: nothing to change: name an option, or '
        "add 'force'\n")
    assert changes(kernel) == [u.DSR_CMD_SERVICE_ADD]
