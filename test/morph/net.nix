# The network of the golden cases: four hosts that use what a deployment can be told.
let
  system = builtins.currentSystem;
  base = import ../fixtures/network/base.nix;
in
{
  network = base // {
    description = "golden";
    nixConfig.cores = "1";
    ordering.tags = [
      "db"
      "web"
    ];
    specialArgs.site = "north";
  };

  defaults.nixpkgs.system = system;

  db01.deployment = {
    tags = [
      "db"
      "prod"
    ];
    substituteOnDestination = true;
  };

  db02 =
    { site, ... }:
    {
      deployment.tags = [ "db" ];
      deployment.targetHost = "10.0.0.2";
      environment.note = [ site ];
    };

  iso.deployment.buildOnly = true;

  web01.deployment = {
    targetUser = "deploy";
    targetPort = 2222;
    tags = [ "web" ];
    secrets.a = {
      source = "s/a.txt";
      destination = "/run/keys/a";
      action = [
        "sudo"
        "systemctl"
        "reload"
        "nginx"
      ];
    };
    secrets.b = {
      source = "s/b.txt";
      destination = "/run/b";
      mkDirs = false;
      owner.user = "nginx";
      owner.group = "www";
      permissions = "0440";
      action = [
        "sudo"
        "systemctl"
        "reload"
        "nginx"
      ];
    };
    secrets.c = {
      source = "s/c.txt";
      destination = "/run/c";
      uploadAt = "post-activation";
      action = [
        "touch"
        "\"/tmp/x y\""
      ];
    };
    healthChecks.cmd = [
      {
        description = "first";
        cmd = [
          "check"
          "one"
        ];
      }
      {
        description = "second";
        cmd = [
          "test"
          "\"$(systemctl is-active nginx)\" = active"
        ];
        period = 1;
      }
    ];
    preDeployChecks.cmd = [
      {
        description = "before";
        cmd = [
          "check"
          "before"
        ];
      }
    ];
  };
}
