# Three machines, one of another architecture. `proteus build network.nix`, `proteus deploy network.nix switch`.
let
  pkgs = import ./nixpkgs { };
in
{
  network = {
    inherit pkgs;
    description = "a web server, a database and a small box under the stairs";
    ordering = {
      tags = [
        "db"
        "web"
      ];
    };
  };

  "web01" =
    { config, pkgs, ... }:
    {
      deployment.tags = [ "web" ];
      deployment.healthChecks.cmd = [
        {
          description = "the front page is served";
          cmd = [
            "/bin/busybox"
            "wget"
            "-q"
            "-O"
            "/dev/null"
            "http://localhost/"
          ];
        }
      ];

      boot.loader.systemd-boot.enable = true;
      boot.loader.efi.canTouchEfiVariables = true;

      services.nginx.enable = true;
      services.nginx.virtualHosts."www".root = ./site;

      fileSystems = {
        "/" = {
          label = "nixos";
          fsType = "ext4";
        };
        "/boot" = {
          label = "boot";
          fsType = "vfat";
        };
      };
    };

  "db01" =
    { config, pkgs, ... }:
    {
      deployment.tags = [ "db" ];

      boot.loader.systemd-boot.enable = true;
      boot.loader.efi.canTouchEfiVariables = true;

      services.postgresql.enable = true;
      services.postgresql.settings.max_connections = 50;

      fileSystems = {
        "/" = {
          label = "nixos";
          fsType = "ext4";
        };
        "/boot" = {
          label = "boot";
          fsType = "vfat";
        };
      };
    };

  "eiffel" =
    { config, pkgs, ... }:
    {
      nixpkgs.system = "aarch64-linux";
      deployment.tags = [ "edge" ];

      boot.loader.generic-extlinux-compatible.enable = true;
      boot.kernelParams = [ "console=ttyS1,115200n8" ];

      fileSystems."/" = {
        label = "NIXOS_SD";
        fsType = "ext4";
      };
    };
}
